import { asApiError } from "../../../api/errors";
import type { Slice } from "../../../render/scatter/scene";
import type { EmbeddingsApi, WantedPositions } from "../api";
import type { Projection } from "../types";

/** Positions kept in memory; what was least recently shown goes first. */
const BUDGET_BYTES = 512 * 2 ** 20;
const MAX_REQUESTS = 3;
/** While a layout is still being computed, only this many epochs around the current one are fetched. */
const NEAR = 2;
const MAX_FAILURES = 3;

export interface PositionCache {
  /** The newest known positions of a projection at a step. */
  slice(id: string, step: number): Slice | undefined;
  /** The same, without counting as shown. */
  peek(id: string, step: number): Slice | undefined;
  /** The slice is in the cache, not replaced or dropped. */
  keeps(slice: Slice): boolean;
  /** The positions are the newest there are. */
  isCurrent(projection: Projection, index: number): boolean;
  /** Fetches what is missing, the epochs around `step` first. */
  want(projections: readonly Projection[], step: number): void;
  /** Tries again what failed, for instance because the server is back. */
  retry(): void;
  readonly nSlices: number;
  clear(): void;
}

interface Entry {
  revision: number;
  slice: Slice;
}

export function createPositionCache(
  api: EmbeddingsApi,
  onArrival: () => void,
  onFailure: (sentence: string) => void,
): PositionCache {
  const entries = new Map<string, Entry>();
  const slices = new Set<Slice>();
  const failures = new Map<string, number>();
  let underWay = new Map<string, AbortController>();
  let usedBytes = 0;
  let wanted: { projections: readonly Projection[]; step: number } = { projections: [], step: 0 };

  const keep = (key: string, entry: Entry) => {
    drop(key);
    entries.set(key, entry);
    slices.add(entry.slice);
    usedBytes += entry.slice.xy.byteLength;
    for (const oldest of entries.keys()) {
      if (usedBytes <= BUDGET_BYTES || oldest === key) break;
      drop(oldest);
    }
  };
  const drop = (key: string) => {
    const entry = entries.get(key);
    if (!entry) return;
    entries.delete(key);
    slices.delete(entry.slice);
    usedBytes -= entry.slice.xy.byteLength;
  };
  // The server may already be a revision ahead of the manifest that we know.
  const isCurrent = (projection: Projection, index: number) =>
    (entries.get(keyOf(projection.id, projection.steps[index]))?.revision ?? -1) >=
    projection.revisions[index];
  const countFailure = (name: string) => failures.set(name, (failures.get(name) ?? 0) + 1);

  const fetchStep = async (request: WantedPositions, name: string) => {
    const abort = new AbortController();
    underWay.set(name, abort);
    try {
      const arrived = await api.positions(request, abort.signal);
      if (abort.signal.aborted) return;
      for (const { id, revision, extent, xy } of arrived) {
        keep(keyOf(id, request.step), { revision, slice: { xy, extent } });
      }
      if (
        !request.ids.every(
          (id, i) => (entries.get(keyOf(id, request.step))?.revision ?? -1) >= request.revisions[i],
        )
      ) {
        countFailure(name);
      }
      onArrival();
    } catch (caught) {
      const error = asApiError(caught);
      if (error.kind !== "aborted") {
        countFailure(name);
        const isLast = failures.get(name) === MAX_FAILURES;
        if (isLast && error.kind !== "offline") onFailure(error.message);
      }
    } finally {
      if (underWay.get(name) === abort) underWay.delete(name);
      pump();
    }
  };
  const pump = () => {
    if (wanted.projections.length === 0) return;
    for (const step of stepsByDistance(wanted.projections, wanted.step)) {
      if (underWay.size >= MAX_REQUESTS || usedBytes > BUDGET_BYTES * 0.9) return;
      const request = missingAt(wanted.projections, step, isCurrent);
      const name = `${step}:${request.ids.join()}:${request.revisions.join()}`;
      if (request.ids.length === 0 || underWay.has(name) || (failures.get(name) ?? 0) >= MAX_FAILURES)
        continue;
      void fetchStep(request, name);
    }
  };
  return {
    slice(id, step) {
      const key = keyOf(id, step);
      const entry = entries.get(key);
      if (!entry) return undefined;
      entries.delete(key);
      entries.set(key, entry);
      return entry.slice;
    },
    peek: (id, step) => entries.get(keyOf(id, step))?.slice,
    keeps: (slice) => slices.has(slice),
    isCurrent,
    want(projections, step) {
      wanted = { projections, step };
      pump();
    },
    retry() {
      failures.clear();
      pump();
    },
    get nSlices() {
      return entries.size;
    },
    clear() {
      for (const abort of underWay.values()) abort.abort();
      underWay = new Map();
      entries.clear();
      slices.clear();
      failures.clear();
      usedBytes = 0;
      wanted = { projections: [], step: 0 };
    },
  };
}

function keyOf(id: string, step: number): string {
  return `${id}:${step}`;
}

/** The steps to fetch, nearest to `step` first; only the near ones while a layout still changes. */
export function stepsByDistance(projections: readonly Projection[], step: number): number[] {
  const steps = [...new Set(projections.flatMap((projection) => projection.steps))];
  steps.sort((a, b) => Math.abs(a - step) - Math.abs(b - step) || b - a);
  const changing = projections.some(({ state }) => state === "running" || state === "queued");
  return changing ? steps.slice(0, 1 + 2 * NEAR) : steps;
}

/** The projections whose positions at `step` are missing or old. */
export function missingAt(
  projections: readonly Projection[],
  step: number,
  isCurrent: (projection: Projection, index: number) => boolean,
): WantedPositions {
  const missing: WantedPositions = { step, ids: [], revisions: [] };
  for (const projection of projections) {
    const index = projection.steps.indexOf(step);
    if (index < 0 || isCurrent(projection, index)) continue;
    missing.ids.push(projection.id);
    missing.revisions.push(projection.revisions[index]);
  }
  return missing;
}

import { asApiError } from "../../../api/errors";
import type { EmbeddingsApi, WantedPositions } from "../api";
import type { Positions, Projection } from "../types";

const MAX_REQUESTS = 3;
/** While a layout is still being computed, only this many epochs around the current one are fetched. */
const NEAR = 2;
const MAX_FAILURES = 3;

interface PositionRequestsOptions {
  api: Pick<EmbeddingsApi, "positions">;
  /** Whether a projection's positions at a step are there, of this revision or a newer one. */
  has(id: string, step: number, revision: number): boolean;
  /** Whether there is room for more than what is there. */
  hasRoom(): boolean;
  keep(step: number, arrived: readonly Positions[]): void;
  onArrival(): void;
  onFailure(sentence: string): void;
}

/** Asks for the positions that are missing, few requests at a time, and not for ever for what fails. */
export interface PositionRequests {
  /** Asks for what is missing from now on, the epochs around `step` first. */
  want(projections: readonly Projection[], step: number): void;
  /** Asks again for what failed. */
  retry(): void;
  /** Gives up everything. */
  clear(): void;
}

export function createPositionRequests(options: PositionRequestsOptions): PositionRequests {
  const { api, has, hasRoom, keep, onArrival, onFailure } = options;
  const failures = new Map<string, number>();
  let underWay = new Map<string, AbortController>();
  let wanted: { projections: readonly Projection[]; step: number } = { projections: [], step: 0 };

  const countFailure = (name: string) => failures.set(name, (failures.get(name) ?? 0) + 1);
  const fetchStep = async (request: WantedPositions, name: string) => {
    const abort = new AbortController();
    underWay.set(name, abort);
    try {
      const arrived = await api.positions(request, abort.signal);
      if (abort.signal.aborted) return;
      keep(request.step, arrived);
      if (!request.ids.every((id, i) => has(id, request.step, request.revisions[i]))) countFailure(name);
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
      if (underWay.size >= MAX_REQUESTS || !hasRoom()) return;
      const request = missingAt(wanted.projections, step, ({ id, revisions }, index) =>
        has(id, step, revisions[index]),
      );
      const name = `${step}:${request.ids.join()}:${request.revisions.join()}`;
      if (request.ids.length === 0 || underWay.has(name) || (failures.get(name) ?? 0) >= MAX_FAILURES)
        continue;
      void fetchStep(request, name);
    }
  };
  return {
    want(projections, step) {
      wanted = { projections, step };
      pump();
    },
    retry() {
      failures.clear();
      pump();
    },
    clear() {
      for (const abort of underWay.values()) abort.abort();
      underWay = new Map();
      failures.clear();
      wanted = { projections: [], step: 0 };
    },
  };
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

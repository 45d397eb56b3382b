import { createLruCache } from "../../../lru_cache";
import type { Slice } from "../../../render/scatter/scene";
import type { EmbeddingsApi } from "../api";
import type { Positions, Projection } from "../types";
import { createPositionRequests } from "./position_requests";

/** Positions kept in memory; what was least recently shown goes first. */
const BUDGET_BYTES = 512 * 2 ** 20;

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
  const slices = new Set<Slice>();
  const entries = createLruCache<string, Entry>({
    budget: BUDGET_BYTES,
    sizeOf: ({ slice }) => slice.xy.byteLength,
    onDrop: ({ slice }) => slices.delete(slice),
  });
  const keep = (step: number, arrived: readonly Positions[]) => {
    for (const { id, revision, extent, xy } of arrived) {
      const key = keyOf(id, step);
      const slice = { xy, extent };
      entries.set(key, { revision, slice });
      slices.add(slice);
      entries.trim((each) => each === key);
    }
  };
  // The server may already be a revision ahead of the manifest that we know.
  const has = (id: string, step: number, revision: number) =>
    (entries.peek(keyOf(id, step))?.revision ?? -1) >= revision;
  const hasRoom = () => entries.size <= BUDGET_BYTES * 0.9;
  const requests = createPositionRequests({ api, has, hasRoom, keep, onArrival, onFailure });
  return {
    slice: (id, step) => entries.get(keyOf(id, step))?.slice,
    peek: (id, step) => entries.peek(keyOf(id, step))?.slice,
    keeps: (slice) => slices.has(slice),
    isCurrent: ({ id, steps, revisions }, index) => has(id, steps[index], revisions[index]),
    want: requests.want,
    retry: requests.retry,
    get nSlices() {
      return entries.count;
    },
    clear() {
      requests.clear();
      entries.clear();
    },
  };
}

function keyOf(id: string, step: number): string {
  return `${id}:${step}`;
}

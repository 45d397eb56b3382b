import { effect } from "@preact/signals";
import type { Api } from "../../../api/client";
import { asApiError } from "../../../api/errors";
import type { Neighbors } from "../../../api/types";
import type { Store } from "../../../session/state";

/** The nearest samples of one sample in the activations, for each block that has a view. */
export interface NearestSamples {
  run: string;
  row: number;
  step: number;
  blocks: readonly NearestInBlock[];
}

/** In one block; an error says why there are none. */
export interface NearestInBlock {
  block: string;
  metric: string;
  found: Neighbors | null;
  error: string;
}

const N_NEIGHBORS = 10;
/** More views than this are not asked for: each answer reads a slice of the log. */
const MAX_BLOCKS = 12;
const MAX_KEPT = 64;

/** Fetches the pinned sample's neighbours when the picture is at rest. */
export function keepNearest(store: Store, api: Api): () => void {
  const kept = new Map<string, NearestSamples>();
  let underWay: { key: string; abort: AbortController } | null = null;

  const fetchAll = async (wanted: Wanted, key: string) => {
    const abort = new AbortController();
    underWay = { key, abort };
    try {
      const one = (each: Wanted["blocks"][number]) => fetchBlock(api, wanted, each, abort.signal);
      const nearest = { ...wanted, blocks: await Promise.all(wanted.blocks.map(one)) };
      // What failed may work again, for instance when the server is back.
      if (nearest.blocks.every(({ error }) => error === "")) kept.set(key, nearest);
      for (const oldest of kept.keys()) if (kept.size > MAX_KEPT) kept.delete(oldest);
      if (!abort.signal.aborted) store.actions.nearestLoaded(nearest);
    } finally {
      if (underWay?.abort === abort) underWay = null;
    }
  };
  return effect(() => {
    const wanted = wantedOf(store);
    if (!wanted) {
      underWay?.abort.abort();
      if (store.pinned.value === null) store.actions.nearestLoaded(null);
      return;
    }
    const key = JSON.stringify([store.run.peek()?.probe_version, wanted]);
    if (underWay?.key === key) return;
    underWay?.abort.abort();
    const known = kept.get(key);
    if (known) store.actions.nearestLoaded(known);
    else void fetchAll(wanted, key);
  });
}

interface Wanted {
  run: string;
  row: number;
  step: number;
  blocks: { block: string; metric: string }[];
}

/** With the metric that the block's layout was made with. */
function wantedOf(store: Store): Wanted | null {
  const run = store.run.value;
  const row = store.pinned.value;
  const step = store.step.value;
  if (store.runs.value?.exported?.n_neighbors === 0) return null;
  if (!run || row === null || row >= run.n_samples || step === null || !store.settled.value) return null;
  // When the server is back, this is asked again.
  if (store.connection.value.state !== "ok") return null;
  const shown = store.projections.value.filter(({ steps }) => steps.includes(step));
  const blocks = store.views.value.flatMap((block) => {
    const projection = shown.find((each) => each.block === block);
    return projection ? [{ block, metric: projection.parameters.metric ?? "euclidean" }] : [];
  });
  return { run: run.name, row, step, blocks: blocks.slice(0, MAX_BLOCKS) };
}

async function fetchBlock(
  api: Api,
  { run, row, step }: Wanted,
  { block, metric }: Wanted["blocks"][number],
  signal: AbortSignal,
): Promise<NearestInBlock> {
  try {
    const found = await api.neighbors({ run, block, step, row, k: N_NEIGHBORS, metric }, signal);
    return { block, metric, found, error: "" };
  } catch (caught) {
    return { block, metric, found: null, error: asApiError(caught).message };
  }
}

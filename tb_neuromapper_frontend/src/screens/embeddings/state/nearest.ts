import { asApiError } from "../../../api/errors";
import type { Session } from "../../../session";
import { syncLoaded } from "../../../session/load";
import type { EmbeddingsApi } from "../api";
import type { Embeddings } from "./actions";
import type { NearestInBlock, NearestSamples } from "./state";

const N_NEIGHBORS = 10;
/** More views than this are not asked for: each answer reads a slice of the log. */
const MAX_BLOCKS = 12;
const MAX_KEPT = 64;

/** Fetches the pinned sample's neighbours when the views are at rest. */
export function syncNearest(session: Session, embeddings: Embeddings, api: EmbeddingsApi): () => void {
  const { nearestLoaded } = embeddings.actions;
  return syncLoaded<NearestSamples>(
    () => {
      const asked = questionNow(session, embeddings);
      if (session.pinned.value === null) nearestLoaded(null);
      if (!asked) return null;
      return {
        key: JSON.stringify([session.run.peek()?.probe_version, asked]),
        load: async (signal) => ({
          ...asked,
          blocks: await Promise.all(asked.blocks.map((each) => fetchBlock(api, asked, each, signal))),
        }),
      };
    },
    {
      arrived: nearestLoaded,
      // Each block says what went wrong with it.
      failed: () => {},
      nKept: MAX_KEPT,
      // What failed may work again, for instance when the server is back.
      isWhole: ({ blocks }) => blocks.every(({ error }) => error === ""),
    },
  );
}

interface Question {
  run: string;
  row: number;
  step: number;
  blocks: { block: string; metric: string }[];
}

/** With the metric that the block's layout was made with. */
function questionNow(session: Session, embeddings: Embeddings): Question | null {
  const run = session.run.value;
  const row = session.pinned.value;
  const step = session.epoch.value;
  if (session.runs.value?.exported?.n_neighbors === 0) return null;
  if (!run || row === null || row >= run.n_samples || step === null || !embeddings.settled.value) return null;
  // When the server is back, this is asked again.
  if (session.connection.value.state !== "ok") return null;
  const shown = embeddings.projections.value.filter(({ steps }) => steps.includes(step));
  const blocks = embeddings.views.value.flatMap((block) => {
    const projection = shown.find((each) => each.block === block);
    return projection ? [{ block, metric: projection.parameters.metric ?? "euclidean" }] : [];
  });
  return { run: run.name, row, step, blocks: blocks.slice(0, MAX_BLOCKS) };
}

async function fetchBlock(
  api: EmbeddingsApi,
  { run, row, step }: Question,
  { block, metric }: Question["blocks"][number],
  signal: AbortSignal,
): Promise<NearestInBlock> {
  try {
    const found = await api.neighbors({ run, block, step, row, k: N_NEIGHBORS, metric }, signal);
    return { block, metric, found, error: "" };
  } catch (caught) {
    return { block, metric, found: null, error: asApiError(caught).message };
  }
}

import { MISSING, type Slice } from "../../../render/scatter/scene";
import type { Session } from "../../../session";
import { reporting, syncLoaded } from "../../../session/load";
import { indexOfStep } from "../../../session/steps";
import type { EmbeddingsApi } from "../api";
import type { Accuracy, Projection } from "../types";
import type { Embeddings } from "./actions";
import { blockOf } from "./run_pair";
import type { PairSubclusters } from "./state";

/** Asks for the accuracies of two runs side by side, again whenever one of them has grown. */
export function syncAccuracies(session: Session, embeddings: Embeddings, api: EmbeddingsApi): () => void {
  return syncLoaded<Accuracy[]>(
    () => {
      const names = [session.runName.value, embeddings.comparedName.value];
      const runs = session.runs.value?.runs.filter(({ name }) => names.includes(name)) ?? [];
      if (embeddings.comparedName.value === null || runs.length < 2) return undefined;
      const load = (signal: AbortSignal) => Promise.all(runs.map(({ name }) => api.accuracy(name, signal)));
      return { key: JSON.stringify([names, runs.map(({ steps }) => steps)]), load };
    },
    { arrived: embeddings.actions.accuraciesLoaded, failed: reporting(session.actions.failed), nKept: 1 },
  );
}

/** Asks, when two runs' views are at rest, for the sub-clusters in the last view's two sides. */
export function syncSubclusters(session: Session, embeddings: Embeddings, api: EmbeddingsApi): () => void {
  const { subclustersLoaded } = embeddings.actions;
  return syncLoaded<PairSubclusters>(
    () => {
      const pair = lastPair(session, embeddings);
      const epoch = session.epoch.value ?? 0;
      if (!pair) return undefined;
      return {
        key: JSON.stringify([pair.map(({ id, revisions }) => [id, revisions]), epoch]),
        load: (signal) => countSubclusters(api, pair, epoch, signal),
      };
    },
    {
      arrived: subclustersLoaded,
      failed: ({ message }) => {
        const block = blockOf(embeddings.panels.peek().at(-1) ?? "");
        subclustersLoaded({ block, byRun: {}, problem: message });
      },
      nKept: 1,
    },
  );
}

/** Both runs' finished layouts of the last view; null while there is nothing to count. */
function lastPair(
  session: Session,
  { comparedName, settled, panels, projections }: Embeddings,
): readonly Projection[] | null {
  if (comparedName.value === null || session.run.value?.label_kind !== "class" || !settled.value) return null;
  const last = blockOf(panels.value.at(-1) ?? "");
  const pair = projections.value.filter(({ block }) => blockOf(block) === last);
  const isDone = pair.every(({ state, steps }) => state === "done" && steps.length > 0);
  return pair.length === 2 && isDone ? pair : null;
}

async function countSubclusters(
  api: EmbeddingsApi,
  pair: readonly Projection[],
  epoch: number,
  signal: AbortSignal,
): Promise<PairSubclusters> {
  const found = await Promise.all(
    pair.map(async ({ id, run, steps }) => {
      const nearest = steps[indexOfStep(steps, epoch)];
      return [run, await api.subclusters(id, nearest, signal)] as const;
    }),
  );
  return { block: blockOf(pair[0].block), byRun: Object.fromEntries(found), problem: "" };
}

/** The value at a step or, if there is none, the last one before it; null without any. */
export function valueAt(series: readonly (readonly [number, number])[], step: number): number | null {
  let found: number | null = null;
  for (const [at, value] of series) if (at <= step) found = value;
  return found;
}

/**
 * How far the samples of a class lie apart in the picture, relative to how far the classes do: the root mean square
 * distance to the class's middle, over that of the middles to the middle of all. Null for less than two classes.
 */
export function spreadRatio({ xy, extent }: Slice, classes: ArrayLike<number>): number | null {
  const width = extent[2] - extent[0];
  const height = extent[3] - extent[1];
  const sums = new Map<number, { n: number; x: number; y: number; squares: number }>();
  for (let row = 0; row < Math.min(classes.length, xy.length / 2); row++) {
    if (classes[row] < 0 || (xy[2 * row] === MISSING && xy[2 * row + 1] === MISSING)) continue;
    const x = (xy[2 * row] / MISSING) * width;
    const y = (xy[2 * row + 1] / MISSING) * height;
    const sum = sums.get(classes[row]) ?? { n: 0, x: 0, y: 0, squares: 0 };
    sums.set(classes[row], {
      n: sum.n + 1,
      x: sum.x + x,
      y: sum.y + y,
      squares: sum.squares + x * x + y * y,
    });
  }
  const all = [...sums.values()];
  const n = all.reduce((total, sum) => total + sum.n, 0);
  const middle = [
    all.reduce((total, sum) => total + sum.x, 0) / n,
    all.reduce((total, sum) => total + sum.y, 0) / n,
  ];
  let within = 0;
  let between = 0;
  for (const sum of all) {
    const [x, y] = [sum.x / sum.n, sum.y / sum.n];
    within += sum.squares - sum.n * (x * x + y * y);
    between += sum.n * ((x - middle[0]) ** 2 + (y - middle[1]) ** 2);
  }
  return all.length < 2 || between <= 0 ? null : Math.sqrt(Math.max(0, within) / between);
}

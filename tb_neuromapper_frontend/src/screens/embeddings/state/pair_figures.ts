import { effect } from "@preact/signals";
import type { Api } from "../../../api/client";
import { asApiError } from "../../../api/errors";
import type { Projection } from "../../../api/types";
import { MISSING, type Slice } from "../../../render/scatter/scene";
import type { Store } from "../../../session/state";
import { indexOfStep } from "../../../session/steps";
import { blockOf } from "./run_pair";

/** Asks for the accuracies of two runs side by side, again whenever one of them has grown. */
export function keepAccuracies(store: Store, api: Api): () => void {
  let asked = "";
  return effect(() => {
    const names = [store.runName.value, store.beside.value];
    const runs = store.runs.value?.runs.filter(({ name }) => names.includes(name)) ?? [];
    const key = store.beside.value === null ? "" : JSON.stringify([names, runs.map(({ steps }) => steps)]);
    if (key === asked || runs.length < 2) return;
    asked = key;
    Promise.all(runs.map(({ name }) => api.accuracy(name)))
      .then((loaded) => store.actions.accuraciesLoaded(loaded))
      .catch((caught) => {
        asked = "";
        const error = asApiError(caught);
        if (error.kind !== "offline") store.actions.failed(error.message);
      });
  });
}

/** Asks, when two runs' pictures are at rest, for the sub-clusters in the last view's two sides. */
export function keepSubclusters(store: Store, api: Api): () => void {
  let underWay: { key: string; abort: AbortController } | null = null;
  const count = async (pair: readonly Projection[], step: number, abort: AbortController) => {
    const block = blockOf(pair[0].block);
    try {
      const found = await Promise.all(
        pair.map(async ({ id, run, steps }) => {
          const nearest = steps[indexOfStep(steps, step)];
          return [run, await api.subclusters(id, nearest, abort.signal)] as const;
        }),
      );
      store.actions.subclustersLoaded({ block, byRun: Object.fromEntries(found), problem: "" });
    } catch (caught) {
      const { kind, message } = asApiError(caught);
      if (kind !== "aborted") store.actions.subclustersLoaded({ block, byRun: {}, problem: message });
    }
  };
  return effect(() => {
    if (store.beside.value === null || store.run.value?.label_kind !== "class" || !store.settled.value)
      return;
    const last = store.panels.value.at(-1);
    const step = store.step.value ?? 0;
    const pair = store.projections.value.filter(({ block }) => blockOf(block) === blockOf(last ?? ""));
    if (pair.length !== 2 || pair.some(({ state, steps }) => state !== "done" || steps.length === 0)) return;
    const key = JSON.stringify([pair.map(({ id, revisions }) => [id, revisions]), step]);
    if (underWay?.key === key) return;
    underWay?.abort.abort();
    underWay = { key, abort: new AbortController() };
    void count(pair, step, underWay.abort);
  });
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

import { expect, it } from "vitest";
import type { Projection, Run } from "../../../src/api/types";
import { pairGridFor } from "../../../src/screens/embeddings/draw/grid";
import { rowsById } from "../../../src/screens/embeddings/state/compared_run";
import { pickRows, sidesOf } from "../../../src/screens/embeddings/state/outcomes";
import { spreadRatio, valueAt } from "../../../src/screens/embeddings/state/pair_figures";
import {
  asView,
  blockOf,
  isSecond,
  isWanted,
  nameOf,
  tellApart,
  viewsOf,
} from "../../../src/screens/embeddings/state/run_pair";
import { createStore } from "../../../src/session/state";

function side(run: string, runs?: [string, string]): Projection {
  return { id: `x.${run}`, run, block: "conv", ...(runs ? { runs } : {}) } as Projection;
}

it("each block of two runs has a view for either", () => {
  const views = viewsOf(["a", "b"], true);
  expect(views.map(blockOf)).toEqual(["a", "a", "b", "b"]);
  expect(views.map(isSecond)).toEqual([false, true, false, true]);
  expect(viewsOf(["a", "b"], false)).toEqual(["a", "b"]);
});

it("a projection's view tells the runs apart", () => {
  const pair: [string, string] = ["one", "two"];
  expect(asView(side("one", pair)).block).toBe("conv");
  const second = asView(side("two", pair));
  expect(isSecond(second.block)).toBe(true);
  expect(asView(second).block).toBe(second.block);
  expect(asView(side("one")).block).toBe("conv");
});

it("only what is asked for is shown", () => {
  expect(isWanted(side("one"), null)).toBe(true);
  expect(isWanted(side("one"), "two")).toBe(false);
  expect(isWanted(side("one", ["one", "two"]), "two")).toBe(true);
  expect(isWanted(side("one", ["one", "two"]), "three")).toBe(false);
  expect(isWanted(side("one", ["one", "two"]), null)).toBe(false);
});

it("a run is not beside itself; colours of the first run's outcomes go", () => {
  const store = createStore();
  store.runName.value = "one";
  store.colorBy.value = "loss";
  store.actions.comparisonChosen("one");
  expect(store.beside.value).toBeNull();
  store.actions.comparisonChosen("two");
  expect(store.beside.value).toBe("two");
  expect(store.colorBy.value).toBe("label");
  expect(nameOf(store, viewsOf(["a"], true)[1])).toBe("a, two");
});

it("columns of the metadata colour both runs' views, also from a link; outcomes do not", () => {
  const store = createStore();
  store.runName.value = "one";
  store.colorBy.value = "metadata:writer";
  store.actions.comparisonChosen("two");
  expect(store.colorBy.value).toBe("metadata:writer");
  store.actions.urlOpened({ beside: "two", color: "metadata:writer" });
  expect(store.colorBy.value).toBe("metadata:writer");
  store.actions.urlOpened({ beside: "two", color: "loss" });
  expect(store.colorBy.value).toBe("label");
});

it("the other run's outcomes are in the first run's rows", () => {
  const rows = rowsById(["a", "b", "c"], ["c", "x", "a"]);
  expect([...rows]).toEqual([2, -1, 0]);
  const outcomes = {
    step: 4,
    predicted: Int32Array.from([5, 6, 7]),
    confidence: Float32Array.from([0.25, 0.5, 0.75]),
    loss: null,
  };
  const picked = pickRows(outcomes, rows);
  expect([...picked.predicted]).toEqual([7, -1, 5]);
  expect([...(picked.confidence ?? [])]).toEqual([0.75, Number.NaN, 0.25]);
  expect([picked.step, picked.loss]).toEqual([4, null]);
});

it("each run says what it predicts at the epoch on view", () => {
  const store = createStore();
  const run = (name: string, outcome_steps: number[]) => ({ name, outcome_steps }) as Run;
  const outcomes = (step: number) => ({ step, predicted: new Int32Array(1), confidence: null, loss: null });
  store.run.value = run("one", [0, 1]);
  store.outcomes.value = outcomes(0);
  store.comparedOutcomes.value = outcomes(0);
  store.step.value = 1;
  expect(sidesOf(store)).toMatchObject([{ outcomes: null, isLogged: true }]);
  store.other.value = { run: run("two", [0]), rows: new Int32Array(1) };
  expect(sidesOf(store)[1]).toMatchObject({ outcomes: null, isLogged: false });
  store.step.value = 0;
  expect(sidesOf(store).map(({ run, outcomes }) => [run.name, outcomes?.step])).toEqual([
    ["one", 0],
    ["two", 0],
  ]);
});

it("two views of a block are always side by side", () => {
  for (const width of [390, 800, 1400]) {
    for (const n of [2, 6, 10]) {
      expect(pairGridFor(n, { width, height: 800 }).columns % 2).toBe(0);
    }
  }
});

it("an accuracy is the last that was logged", () => {
  const series: [number, number][] = [
    [1, 0.5],
    [3, 0.7],
  ];
  expect([0, 1, 2, 3, 9].map((step) => valueAt(series, step))).toEqual([null, 0.5, 0.5, 0.7, 0.7]);
});

it("the spread compares distances in a class with those between classes", () => {
  const extent = [0, 0, 65535, 65535] as const;
  const xy = Uint16Array.of(0, 0, 2, 0, 100, 0, 102, 0, 65535, 65535);
  expect(spreadRatio({ xy, extent }, [0, 0, 1, 1, 1])).toBeCloseTo(1 / 50, 9);
  expect(spreadRatio({ xy, extent }, [0, 0, 0, 0, 0])).toBeNull();
  expect(spreadRatio({ xy, extent }, [-1, -1, -1, -1, -1])).toBeNull();
});

it("two runs' short names lack the beginning that they share", () => {
  expect(tellApart(["over/fit", "over/overfit"])).toEqual(["fit", "overfit"]);
  expect(tellApart(["digits-20261120-230851", "digits-20261120-231002"])).toEqual(["230851", "231002"]);
  expect(tellApart(["first", "second"])).toEqual(["first", "second"]);
  expect(tellApart(["run", "run-2"])).toEqual(["run", "run-2"]);
  expect(tellApart(["a/b", "a/b/c"])).toEqual(["b", "b/c"]);
  expect(tellApart(["longbeginning1", "longbeginning12"])).toEqual(["…ng1", "…ng12"]);
});

import { beforeEach, describe, expect, it } from "vitest";
import { alignCurves, gapsOf, nNotPositive, placeMarks } from "../../../src/screens/scalars/draw/curves";
import { hasEnded } from "../../../src/screens/scalars/parts/readout";
import { chartRuns, groupTags, missingSeries } from "../../../src/screens/scalars/state/state";
import type { Finding, Findings, ScalarIndex, ScalarSeries } from "../../../src/screens/scalars/types";
import { createStore, type Store } from "../../../src/session/state";
import { fromParams, toParams } from "../../../src/session/url";

const info = (last_step: number, axis: "train_step" | "epoch" | null = "train_step") => ({
  last_step,
  last_wall_time: 100 + last_step,
  axis,
});

const INDEX: ScalarIndex = {
  runs: {
    b: { "train/loss": info(9), "probe/loss": info(2, "epoch") },
    a: { "train/loss": info(5), other: info(7, null) },
  },
};

function series(run: string, tag: string, changes: Partial<ScalarSeries> = {}): ScalarSeries {
  const base = { steps: [0, 9], values: [1, 2], non_finite: {}, wall_times: [100, 109], sampled: null };
  return { run, tag, ...base, ...changes };
}

const FINDING: Finding = {
  kind: "dead_units",
  where: "fc2",
  units: [3, 4],
  steps: [[10, 40]],
  message: "2 of the 8 neurons of fc2 are dead.",
  evidence: {},
  link: { screen: "gradients", tag: null, layer: "fc2", unit: 3, train_step: 40 },
};

const FINDINGS: Findings = {
  run: "b",
  findings: [FINDING],
  rules: [],
  thresholds: [],
  healthy: [],
  unchecked: [],
};

let store: Store;
beforeEach(() => {
  store = createStore();
  const summary = (name: string) => ({ name, n_samples: 0, blocks: [], steps: [], problems: [] });
  store.actions.runsLoaded({ log_dir: "", version: "0", runs: [summary("b")], other_runs: ["a"] });
  store.actions.scalarsLoaded(INDEX);
});

describe("tags", () => {
  it("are grouped by what is before the first slash", () => {
    expect(groupTags(["plain", "train/a", "train/b/c"], "")).toEqual([
      { name: "", tags: ["plain"] },
      { name: "train", tags: ["train/a", "train/b/c"] },
    ]);
  });

  it("are filtered by a regular expression, or by the text if it is none", () => {
    expect(groupTags(["a/loss", "a/acc", "b/loss("], "A.*S$")).toEqual([{ name: "a", tags: ["a/loss"] }]);
    expect(groupTags(["a/loss", "b/loss("], "loss(")).toEqual([{ name: "b", tags: ["b/loss("] }]);
  });
});

describe("a chart", () => {
  const index: ScalarIndex = {
    runs: {
      steps: { loss: info(1450), own: info(7, null) },
      epochs: { loss: info(8, "epoch") },
      others: { loss: info(12, "epoch") },
      plain: { loss: info(50, null), own: info(3, null) },
    },
  };
  const all = ["steps", "epochs", "others", "plain"];

  it("has the unit of the run on view, and leaves out the runs that count something else", () => {
    expect(chartRuns(index, "loss", "steps", all)).toEqual({
      axis: "train_step",
      drawn: ["steps", "plain"],
      unsure: ["plain"],
      leftOut: [{ axis: "epoch", runs: ["epochs", "others"] }],
    });
    expect(chartRuns(index, "loss", "others", all)).toEqual({
      axis: "epoch",
      drawn: ["epochs", "others", "plain"],
      unsure: ["plain"],
      leftOut: [{ axis: "train_step", runs: ["steps"] }],
    });
  });

  it("has the unit of a shown run where the run on view is hidden or lacks the tag", () => {
    const hidden = chartRuns(index, "loss", "steps", ["plain", "epochs"]);
    expect([hidden.axis, hidden.drawn, hidden.leftOut]).toEqual(["epoch", ["plain", "epochs"], []]);
    expect(chartRuns(INDEX, "probe/loss", "a", ["a", "b"]).axis).toBe("epoch");
  });

  it("by a counter of its own draws none of the runs that count ours", () => {
    const own = { runs: { ...index.runs, steps: { loss: info(9, null) } } };
    const { axis, drawn, unsure, leftOut } = chartRuns(own, "loss", "steps", all);
    expect([axis, drawn, unsure]).toEqual([null, ["steps", "plain"], []]);
    expect(leftOut).toEqual([{ axis: "epoch", runs: ["epochs", "others"] }]);
  });

  it("has one axis only where no run has our records", () => {
    const { axis, drawn, unsure } = chartRuns(index, "own", null, ["plain"]);
    expect([axis, drawn, unsure]).toEqual(["train_step", ["plain"], []]);
  });
});

describe("runs", () => {
  it("keep their place, and so their colour, when others come", () => {
    expect(store.scalars.order.value).toEqual(["b", "a"]);
    store.actions.scalarsLoaded({ runs: { "0 new": {}, ...INDEX.runs } });
    expect(store.scalars.order.value).toEqual(["b", "a", "0 new"]);
  });

  it("hide, show alone and show all", () => {
    store.actions.runShown("b", false);
    expect(store.scalars.shownRuns.value).toEqual(["a"]);
    store.actions.onlyRunShown("b");
    expect(store.scalars.shownRuns.value).toEqual(["b"]);
    store.actions.allRunsShown();
    expect(store.scalars.shownRuns.value).toEqual(["b", "a"]);
  });
});

describe("series", () => {
  it("are missing for charts on the screen, of shown runs, until the newest value is here", () => {
    expect(missingSeries(store.scalars)).toEqual([]);
    store.actions.chartSeen("train/loss", true);
    store.actions.runShown("a", false);
    expect(missingSeries(store.scalars)).toEqual([{ run: "b", tag: "train/loss" }]);
    store.actions.seriesLoaded(series("b", "train/loss"));
    for (const tag of Object.keys(INDEX.runs.b)) {
      if (tag !== "train/loss") store.actions.chartSeen(tag, false);
    }
    expect(store.scalars.settled.value).toBe(true);
    store.actions.scalarsLoaded({ runs: { b: { "train/loss": info(20) } } });
    expect(store.scalars.settled.value).toBe(false);
    store.actions.chartSeen("train/loss", false);
    expect(store.scalars.settled.value).toBe(true);
  });

  it("are not all here as long as a chart does not know whether it is on the screen", () => {
    store.actions.onlyRunShown("a");
    const tags = Object.keys(INDEX.runs.a);
    for (const tag of tags) {
      expect(store.scalars.settled.value).toBe(false);
      store.actions.chartSeen(tag, false);
    }
    expect(store.scalars.settled.value).toBe(true);
    store.actions.chartSeen(tags[0], null);
    expect(store.scalars.settled.value).toBe(false);
    const group = tags[0].slice(0, tags[0].indexOf("/"));
    store.actions.tagGroupFolded(group);
    expect(store.scalars.settled.value).toBe(true);
  });
});

describe("curves", () => {
  const curve = (run: string, steps: number[], values: (number | null)[], words = {}) => ({
    run,
    color: "#000000",
    dash: [],
    series: series(run, "t", { steps, values, non_finite: words }),
  });

  it("share the steps of all runs; a step that a run does not have is no gap, a value that is not finite is", () => {
    const data = alignCurves([curve("a", [0, 2], [1, null]), curve("b", [0, 1, 2], [5, 6, 7])], 0, false);
    expect(data.map((column) => [...column])).toEqual([
      [0, 1, 2],
      [1, undefined, null],
      [5, 6, 7],
    ]);
  });

  it("have their average beside them when they are smoothed", () => {
    const data = alignCurves([curve("a", [0, 1], [1, 3])], 0.5, false);
    expect(data.length).toBe(3);
    expect(data[2][1]).toBeCloseTo(7 / 3, 10);
  });

  it("leave out what a logarithmic axis cannot show", () => {
    expect([...alignCurves([curve("a", [0, 1], [-1, 3])], 0, true)[1]]).toEqual([null, 3]);
  });

  it("count what a logarithmic axis cannot show", () => {
    expect(nNotPositive([curve("a", [0, 1, 2], [-1, null, 3]), curve("b", [0], [0])])).toBe(2);
  });

  it("have ended where the last value is further back than two values are apart", () => {
    expect(hasEnded([0, 10, 20], 40)).toBe(false);
    expect(hasEnded([0, 10, 20], 41)).toBe(true);
    expect(hasEnded([5], 6)).toBe(true);
  });

  it("tell where a value is not finite, and what it is", () => {
    const [gap] = gapsOf([curve("a", [0, 7], [1, null], { 1: "NaN" })]);
    expect([gap.step, gap.words]).toEqual([7, "a: NaN at step 7"]);
  });

  it("have marks that become one where they are too near", () => {
    const mark = (step: number) => ({ step, label: "", title: "", onOpen: null, kind: "finding" as const });
    const placed = placeMarks([mark(50), mark(10), mark(12)], (step) => step, 5);
    expect(placed.map(({ x, marks }) => [x, marks.length])).toEqual([
      [10, 2],
      [50, 1],
    ]);
  });
});

describe("a finding", () => {
  it("leads to its screen, layer, unit and step", () => {
    store.actions.findingsLoaded(FINDINGS);
    store.actions.findingOpened(FINDING);
    expect(store.screen.value).toBe("gradients");
    expect(store.gradients.layer.value).toBe("fc2");
    expect(store.gradients.pinned.value).toEqual({ layer: "fc2", unit: 3 });
    expect(store.trainStep.value).toBe(40);
  });

  it("about units marks them all, where the layer shows them", () => {
    store.actions.findingOpened({ ...FINDING, kind: "dead_units", units: [3, 40] });
    expect(store.gradients.marked.value).toEqual([
      { layer: "fc2", unit: 3 },
      { layer: "fc2", unit: 40 },
    ]);
    expect(store.gradients.unfolded.value.has("fc2")).toBe(true);
    expect(store.gradients.measure.value).toBe("dead");
    store.actions.layerChosen("fc1");
    expect(store.gradients.marked.value).toEqual([]);
  });

  it("about a scalar leads to its chart, which is unfolded and not filtered away", () => {
    store.actions.tagGroupFolded("train");
    store.actions.tagsFiltered("acc");
    const link = { screen: "scalars" as const, tag: "train/loss", layer: null, unit: null, train_step: 5 };
    store.actions.findingOpened({ ...FINDING, link });
    const { target, folded, filter } = store.scalars;
    expect([target.value, [...folded.value], filter.value]).toEqual(["train/loss", [], ""]);
  });

  it("of another run is not shown", () => {
    store.actions.findingsLoaded({ ...FINDINGS, run: "a" });
    expect(store.scalars.findings.value).toBeNull();
  });
});

it("a link carries how the curves are drawn, and changed thresholds", () => {
  const state = {
    smoothing: 0.9,
    logScale: true,
    tags: "loss|acc",
    hiddenRuns: ["a & b"],
    thresholds: { dormant_tau: 0.1 },
  };
  expect(fromParams(toParams(state))).toMatchObject(state);
  expect(fromParams({ smooth: "7", without: "{", thresholds: "[1]" })).not.toHaveProperty("smoothing");
  expect(fromParams({ without: "{", thresholds: '{"a": "b"}' }).thresholds).toEqual({});
});

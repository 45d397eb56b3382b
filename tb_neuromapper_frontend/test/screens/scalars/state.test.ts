import { beforeEach, describe, expect, it } from "vitest";
import type { Scalars } from "../../../src/screens/scalars/state/actions";
import { chartRuns, groupTags, missingSeries } from "../../../src/screens/scalars/state/state";
import type { ScalarIndex, ScalarSeries } from "../../../src/screens/scalars/types";
import { createPage } from "../../page";

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

let scalars: Scalars;
beforeEach(() => {
  ({ scalars } = createPage());
  scalars.actions.scalarsLoaded(INDEX);
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
    expect(scalars.order.value).toEqual(["b", "a"]);
    scalars.actions.scalarsLoaded({ runs: { "0 new": {}, ...INDEX.runs } });
    expect(scalars.order.value).toEqual(["b", "a", "0 new"]);
  });

  it("hide, show alone and show all", () => {
    scalars.actions.runShown("b", false);
    expect(scalars.shownRuns.value).toEqual(["a"]);
    scalars.actions.onlyRunShown("b");
    expect(scalars.shownRuns.value).toEqual(["b"]);
    scalars.actions.allRunsShown();
    expect(scalars.shownRuns.value).toEqual(["b", "a"]);
  });
});

describe("series", () => {
  it("are missing for charts on the screen, of shown runs, until the newest value is here", () => {
    expect(missingSeries(scalars)).toEqual([]);
    scalars.actions.chartSeen("train/loss", true);
    scalars.actions.runShown("a", false);
    expect(missingSeries(scalars)).toEqual([{ run: "b", tag: "train/loss" }]);
    scalars.actions.seriesLoaded(series("b", "train/loss"));
    for (const tag of Object.keys(INDEX.runs.b)) {
      if (tag !== "train/loss") scalars.actions.chartSeen(tag, false);
    }
    expect(scalars.settled.value).toBe(true);
    scalars.actions.scalarsLoaded({ runs: { b: { "train/loss": info(20) } } });
    expect(scalars.settled.value).toBe(false);
    scalars.actions.chartSeen("train/loss", false);
    expect(scalars.settled.value).toBe(true);
  });

  it("are not all here as long as a chart does not know whether it is on the screen", () => {
    scalars.actions.onlyRunShown("a");
    const tags = Object.keys(INDEX.runs.a);
    for (const tag of tags) {
      expect(scalars.settled.value).toBe(false);
      scalars.actions.chartSeen(tag, false);
    }
    expect(scalars.settled.value).toBe(true);
    scalars.actions.chartSeen(tags[0], null);
    expect(scalars.settled.value).toBe(false);
    const group = tags[0].slice(0, tags[0].indexOf("/"));
    scalars.actions.tagGroupFolded(group);
    expect(scalars.settled.value).toBe(true);
  });
});

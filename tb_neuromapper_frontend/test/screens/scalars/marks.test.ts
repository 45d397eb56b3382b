import { beforeEach, describe, expect, it } from "vitest";
import { marksOf } from "../../../src/screens/scalars/draw/marks";
import type { ScalarAxis } from "../../../src/screens/scalars/types";
import { finding, projection, quality, reportOf, run, runs } from "../../fixtures";
import { createPage, type Page } from "../../page";

const info = (axis: ScalarAxis | null) => ({ last_step: 9, last_wall_time: 9, axis });
const ABOUT_TAG = { screen: "scalars" as const, layer: null, unit: null, train_step: 5 };

let { session, embeddings, scalars, findings }: Page = createPage();
beforeEach(() => {
  ({ session, embeddings, scalars, findings } = createPage());
  session.actions.runsLoaded(runs("one", "two"));
  session.actions.runLoaded(run("one", { steps: [0, 1, 2], train_steps: [0, 100, 200] }));
  scalars.actions.scalarsLoaded({
    runs: {
      one: { "train/Loss": info("train_step"), "probe/loss": info("epoch"), own: info(null) },
      two: { "other/loss": info("train_step") },
    },
  });
});

/** The label and the step of each mark of a chart. */
function marked(tag: string, axis: ScalarAxis | null) {
  return marksOf(session, scalars, tag, axis).map(({ label, step }) => [label, step]);
}

describe("findings", () => {
  it("are marked where they begin on the charts of losses, by their place in the list", () => {
    const steps: [number, number][] = [
      [110, 140],
      [170, 180],
    ];
    findings.actions.findingsLoaded(reportOf([finding(), finding({ steps })]));
    expect(marked("train/Loss", "train_step")).toEqual([
      ["1", 10],
      ["2", 110],
    ]);
    const [first] = marksOf(session, scalars, "train/Loss", "train_step");
    expect([first.kind, first.title]).toEqual(["finding", "1. 2 of the 8 neurons of fc2 are dead."]);
  });

  it("lie at the epoch nearest to their step where the chart counts epochs", () => {
    findings.actions.findingsLoaded(reportOf([finding({ steps: [[110, 140]] })]));
    expect(marked("probe/loss", "epoch")).toEqual([["1", 1]]);
    expect(marked("probe/loss", null)).toEqual([]);
  });

  it("are not marked where the run has no curve, nor on what is no loss", () => {
    findings.actions.findingsLoaded(reportOf([finding()]));
    expect(marked("other/loss", "train_step")).toEqual([]);
    expect(marked("own", "train_step")).toEqual([]);
  });

  it("about a scalar are marked on that scalar's chart alone, each stretch, by what it counts", () => {
    const steps: [number, number][] = [
      [3, 4],
      [6, 8],
    ];
    const link = { ...ABOUT_TAG, tag: "own" };
    findings.actions.findingsLoaded(reportOf([finding({ steps, link })]));
    expect(marked("own", null)).toEqual([
      ["1", 3],
      ["1", 6],
    ]);
    // The axis is another run's: it counts something else.
    expect(marked("own", "train_step")).toEqual([]);
    expect(marked("train/Loss", "train_step")).toEqual([]);
  });

  it("about a scalar that the run has no curve of are not marked", () => {
    findings.actions.findingsLoaded(reportOf([finding({ link: { ...ABOUT_TAG, tag: "other/loss" } })]));
    expect(marked("other/loss", "train_step")).toEqual([]);
    expect(marked("other/loss", null)).toEqual([]);
  });

  it("open where they are seen", () => {
    findings.actions.findingsLoaded(reportOf([finding()]));
    marksOf(session, scalars, "train/Loss", "train_step")[0].onOpen?.();
    expect(session.screen.value).toBe("gradients");
  });
});

describe("abrupt changes", () => {
  beforeEach(() => {
    const figures = [quality(0), quality(1, { abrupt: true })];
    embeddings.actions.projectionsLoaded("one", [projection("a", [0, 1, 2], { quality: figures })]);
  });

  it("are marked on every chart that counts epochs or training steps", () => {
    expect(marked("probe/loss", "epoch")).toEqual([["▲", 1]]);
    expect(marked("other/loss", "train_step")).toEqual([["▲", 99]]);
    expect(marked("own", null)).toEqual([]);
  });

  it("come after the findings, which a shared mark opens", () => {
    findings.actions.findingsLoaded(reportOf([finding({ steps: [[99, 140]] })]));
    expect(marked("train/Loss", "train_step")).toEqual([
      ["1", 99],
      ["▲", 99],
    ]);
  });
});

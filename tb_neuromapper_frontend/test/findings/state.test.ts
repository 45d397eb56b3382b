import { beforeEach, describe, expect, it } from "vitest";
import { finding, gradientsOf, reportOf, run, runs } from "../fixtures";
import { createPage, type Page } from "../page";

const info = (axis: "train_step" | "epoch" | null) => ({ last_step: 9, last_wall_time: 9, axis });
const ABOUT_LOSS = {
  screen: "scalars" as const,
  tag: "train/loss",
  layer: null,
  unit: null,
  train_step: 5,
};

let { session, gradients, scalars, findings }: Page = createPage();
beforeEach(() => {
  ({ session, gradients, scalars, findings } = createPage());
  session.actions.runsLoaded(runs("one"));
  session.actions.runLoaded(run("one"));
  scalars.actions.scalarsLoaded({
    runs: { one: { "train/loss": info("train_step"), "probe/loss": info("epoch"), own: info(null) } },
  });
});

describe("a finding", () => {
  it("leads to its screen, layer, unit and step", () => {
    gradients.actions.gradientsLoaded(gradientsOf([0, 40, 80]));
    session.actions.trainStepMoves.togglePlaying();
    const before = gradients.nCalls.value;
    findings.actions.findingsLoaded(reportOf([finding()]));
    findings.actions.findingOpened(finding());
    expect(session.screen.value).toBe("gradients");
    expect(gradients.layer.value).toBe("fc2");
    expect(gradients.pinned.value).toEqual({ layer: "fc2", unit: 3 });
    expect([session.trainStep.value, session.recordedStep.value]).toEqual([40, 40]);
    expect(session.playing.value).toBe(false);
    // The neuron view comes into view.
    expect(gradients.nCalls.value).toBe(before + 1);
  });

  it("about units marks them all, where the layer shows them", () => {
    findings.actions.findingOpened(finding({ units: [3, 40] }));
    expect(gradients.marked.value).toEqual([
      { layer: "fc2", unit: 3 },
      { layer: "fc2", unit: 40 },
    ]);
    expect(gradients.unfolded.value.has("fc2")).toBe(true);
    expect(gradients.measure.value).toBe("dead");
    gradients.actions.layerChosen("fc1");
    expect(gradients.marked.value).toEqual([]);
  });

  it.each([
    ["dead_units", "dead"],
    ["dormant_units", "activation"],
    ["saturated_units", "activation"],
    ["update_ratio", "update_ratio"],
    ["vanishing_gradient", "gradient_norm"],
  ])("of kind %s is seen in the overview of %s", (kind, measure) => {
    findings.actions.findingOpened(finding({ kind }));
    expect(gradients.measure.value).toBe(measure);
  });

  it("about the whole network leaves the layer as it is", () => {
    gradients.actions.layerChosen("fc1");
    const link = { screen: "gradients" as const, tag: null, layer: null, unit: null, train_step: null };
    findings.actions.findingOpened(finding({ units: [], link }));
    expect([gradients.layer.value, gradients.pinned.value]).toEqual(["fc1", null]);
  });

  it("about a scalar leads to its chart, which is unfolded and not filtered away", () => {
    scalars.actions.tagGroupFolded("train");
    scalars.actions.tagsFiltered("acc");
    findings.actions.findingOpened(finding({ link: ABOUT_LOSS }));
    const { target, folded, filter } = scalars;
    expect(session.screen.value).toBe("scalars");
    expect([target.value, [...folded.value], filter.value]).toEqual(["train/loss", [], ""]);
    expect(session.trainStep.value).toBe(5);
    scalars.actions.targetReached();
    expect(target.value).toBeNull();
  });

  it("about a scalar that counts something of its own moves no cursor", () => {
    const before = session.trainStep.value;
    findings.actions.findingOpened(finding({ link: { ...ABOUT_LOSS, tag: "own" } }));
    expect([scalars.target.value, session.trainStep.value]).toEqual(["own", before]);
  });

  it("about a scalar that counts epochs moves the cursor to its epoch", () => {
    session.epochs.value = [0, 5, 20];
    findings.actions.findingOpened(finding({ link: { ...ABOUT_LOSS, tag: "probe/loss" } }));
    expect(session.epoch.value).toBe(5);
  });

  it("of another run is not shown", () => {
    findings.actions.findingsLoaded(reportOf([finding()], "two"));
    expect(findings.report.value).toBeNull();
  });

  it("that is found again keeps its object", () => {
    findings.actions.findingsLoaded(reportOf([finding()]));
    const before = findings.report.value;
    findings.actions.findingsLoaded(reportOf([finding()]));
    expect(findings.report.value).toBe(before);
  });

  it("goes with its run, but not with the samples", () => {
    findings.actions.findingsLoaded(reportOf([finding()]));
    session.actions.runLoaded(run("one", { probe_version: "other" }));
    expect(findings.report.value).not.toBeNull();
    session.actions.runSelected("two");
    expect(findings.report.value).toBeNull();
  });
});

describe("thresholds", () => {
  it("are kept where they are not the default", () => {
    findings.actions.thresholdChosen("dormant_tau", 0.1);
    findings.actions.thresholdChosen("dead_share", 0.5);
    findings.actions.thresholdChosen("dead_share", null);
    expect(findings.thresholds.value).toEqual({ dormant_tau: 0.1 });
    findings.actions.thresholdsReset();
    expect(findings.thresholds.value).toEqual({});
  });

  it("of a link are taken where they are numbers, and stay with another run", () => {
    session.actions.linkOpened({ thresholds: '{"dormant_tau":0.1,"dead_share":"x"}' });
    expect(findings.thresholds.value).toEqual({ dormant_tau: 0.1 });
    session.actions.runSelected("two");
    expect(findings.thresholds.value).toEqual({ dormant_tau: 0.1 });
    session.actions.linkOpened({});
    expect(findings.thresholds.value).toEqual({});
  });
});

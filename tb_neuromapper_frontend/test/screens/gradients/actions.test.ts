import { beforeEach, describe, expect, it } from "vitest";
import { gradientsOf, run, runs } from "../../fixtures";
import { createPage, type Page } from "../../page";

let { session, gradients }: Page = createPage();
beforeEach(() => {
  ({ session, gradients } = createPage());
  session.actions.runsLoaded(runs("one", "two"));
  session.actions.runLoaded(run("one"));
  gradients.actions.gradientsLoaded(gradientsOf([0, 50, 100, 150, 199]));
});

describe("gradients of a run", () => {
  it("are forgotten with the run, and those of another run are not taken", () => {
    gradients.actions.gradientsLoaded(gradientsOf([7], "two"));
    expect(session.trainSteps.value).not.toEqual([7]);
    gradients.actions.unitPinned({ layer: "a", unit: 3 });
    session.actions.runSelected("two");
    expect(gradients.summary.value).toBeNull();
    expect(gradients.pinned.value).toBeNull();
    expect([session.trainSteps.value, session.lastEpochs.value, session.recordedStep.value]).toEqual([
      [],
      [],
      null,
    ]);
  });

  it("forget the overview when a recorded step is replaced by another", () => {
    const values = { gradient_norm: Float32Array.of(), update_ratio: Float32Array.of() };
    const part = { steps: [], stride: 1, layers: [], complete: true };
    gradients.actions.overviewLoaded("one", {
      ...part,
      values: { ...values, dead: Float32Array.of(), activation: Float32Array.of() },
    });
    gradients.actions.gradientsLoaded(gradientsOf([0, 50, 100, 150, 199, 250]));
    expect(gradients.overview.value).not.toBeNull();
    const again = gradientsOf([0, 50, 100, 150, 199, 250]);
    again.versions[2] = "other";
    gradients.actions.gradientsLoaded(again);
    expect(gradients.overview.value).toBeNull();
  });

  it("are settled where the neuron view rests at the cursor's step", () => {
    gradients.actions.flowSettled(true);
    expect(gradients.settled.value).toBe(true);
    session.actions.trainStepChosen(50);
    expect(gradients.settled.value).toBe(false);
  });

  it("say that the run grew, whenever more of them is known", () => {
    const before = session.nUpdates.value;
    gradients.actions.gradientsLoaded(gradientsOf([0, 50, 100, 150, 199, 250]));
    expect(session.nUpdates.value).toBe(before + 1);
  });
});

describe("a unit", () => {
  it("chooses its layer, and lets go when it is chosen again", () => {
    gradients.actions.unitPinned({ layer: "a", unit: 3 });
    expect(gradients.layer.value).toBe("a");
    gradients.actions.unitPinned({ layer: "a", unit: 3 });
    expect(gradients.pinned.value).toBeNull();
  });

  it("takes its own history only", () => {
    gradients.actions.unitPinned({ layer: "a", unit: 3 });
    const history = {
      run: "one",
      layer: "a",
      steps: [],
      activation: [],
      zeros: [],
      gradient: [],
      signed: [],
    };
    gradients.actions.historyLoaded({ ...history, unit: 4 });
    expect(gradients.history.value).toBeNull();
    gradients.actions.historyLoaded({ ...history, unit: 3 });
    expect(gradients.history.value).not.toBeNull();
  });
});

describe("the keys", () => {
  it("of the gradients move among the training steps", () => {
    const { session, screens, gradients } = createPage();
    session.actions.runsLoaded(runs("one"));
    gradients.actions.gradientsLoaded(gradientsOf([0, 50, 100]));
    const press = (key: string) => screens.gradients.keys()[key]();
    press("Home");
    press("ArrowRight");
    expect(session.recordedStep.value).toBe(50);
    press("End");
    press("ArrowLeft");
    expect(session.recordedStep.value).toBe(50);
    press(" ");
    expect(session.playing.value).toBe(true);
    press("r");
    expect(gradients.nReplays.value).toBe(1);
    gradients.actions.unitPinned({ layer: "a", unit: 3 });
    press("Escape");
    expect(gradients.pinned.value).toBeNull();
  });
});

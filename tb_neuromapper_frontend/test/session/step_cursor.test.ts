import { beforeEach, describe, expect, it } from "vitest";
import type { Projection, Run, Runs } from "../../src/api/types";
import type { Gradients } from "../../src/screens/gradients/types";
import { pageStateOf } from "../../src/session/page_state";
import { createStore, type Store } from "../../src/session/state";

const RUN: Run = {
  name: "one",
  n_samples: 4,
  sample_set: "s",
  probe_version: "v",
  steps: [0, 1, 2],
  train_steps: [0, 100, 200],
  outcome_steps: [],
  blocks: [{ name: "a", n_dims: 2, n_features: 2, reduction: "none" }],
  label_kind: null,
  class_names: null,
  metadata: [],
  thumbnails: null,
  problems: [],
};
const RUNS: Runs = {
  log_dir: "runs",
  version: "0",
  other_runs: [],
  runs: [{ name: "one", n_samples: 4, blocks: ["a"], steps: [0, 1, 2], problems: [] }],
};
const PROJECTION = {
  id: "id",
  run: "one",
  block: "a",
  parameters: {},
  state: "done",
  progress: 1,
  message: "",
  steps: [0, 1, 2],
  revisions: [1, 1, 1],
  extent: [0, 0, 1, 1],
  quality: [],
} as Projection;

function gradients(steps: number[], run = "one"): Gradients {
  return {
    run,
    steps,
    epochs: steps.map((step) => Math.floor(step / 100)),
    versions: steps.map(String),
    layers: [],
    scale: { unit: null, edge: null, activation: null, weight: null },
    problems: [],
  };
}

let store: Store;

beforeEach(() => {
  store = createStore();
  store.actions.runsLoaded(RUNS);
  store.actions.runLoaded(RUN);
  store.actions.projectionsLoaded("one", [PROJECTION]);
  store.actions.gradientsLoaded(gradients([0, 50, 100, 150, 199]));
});

describe("the cursor", () => {
  it("is at the newest step and epoch while following", () => {
    expect([store.gradients.step.value, store.step.value]).toEqual([199, 2]);
    store.actions.gradientsLoaded(gradients([0, 50, 100, 150, 199, 250]));
    expect(store.gradients.step.value).toBe(250);
  });

  it("takes the epoch along when a training step is chosen", () => {
    store.actions.trainStepChosen(100);
    expect([store.step.value, store.follow.value]).toEqual([1, false]);
    store.actions.firstTrainStep();
    expect([store.gradients.step.value, store.step.value]).toEqual([0, 0]);
    store.actions.nextTrainStep();
    expect(store.gradients.step.value).toBe(50);
  });

  it("takes the training step along when an epoch is chosen", () => {
    store.actions.stepChosen(1);
    expect(store.trainStep.value).toBe(99);
    expect(store.gradients.step.value).toBe(100);
    store.actions.lastStep();
    expect([store.gradients.step.value, store.follow.value]).toEqual([199, true]);
  });

  it("stays where it is when the run grows, unless it follows", () => {
    store.actions.trainStepChosen(50);
    store.actions.gradientsLoaded(gradients([0, 50, 100, 150, 199, 250]));
    expect(store.gradients.step.value).toBe(50);
    store.actions.lastTrainStep();
    expect([store.gradients.step.value, store.follow.value]).toEqual([250, true]);
  });

  it("may stand between recorded steps, which shows the nearest", () => {
    store.actions.trainStepChosen(70);
    expect([store.trainStep.value, store.gradients.step.value]).toEqual([70, 50]);
  });

  it("plays from the first step when it is at the last", () => {
    store.actions.trainPlayToggled();
    expect([store.playing.value, store.gradients.step.value]).toEqual([true, 0]);
    store.actions.screenChosen("embeddings");
    expect(store.playing.value).toBe(false);
  });
});

describe("gradients of a run", () => {
  it("are forgotten with the run, and those of another run are not taken", () => {
    store.actions.gradientsLoaded(gradients([7], "two"));
    expect(store.gradients.steps.value).not.toEqual([7]);
    store.actions.unitPinned({ layer: "a", unit: 3 });
    store.actions.runSelected("two");
    expect(store.gradients.summary.value).toBeNull();
    expect(store.gradients.pinned.value).toBeNull();
  });

  it("forget the overview when a recorded step is replaced by another", () => {
    const values = { gradient_norm: Float32Array.of(), update_ratio: Float32Array.of() };
    const part = { steps: [], stride: 1, layers: [], complete: true };
    store.actions.overviewLoaded("one", {
      ...part,
      values: { ...values, dead: Float32Array.of(), activation: Float32Array.of() },
    });
    store.actions.gradientsLoaded(gradients([0, 50, 100, 150, 199, 250]));
    expect(store.gradients.overview.value).not.toBeNull();
    const again = gradients([0, 50, 100, 150, 199, 250]);
    again.versions[2] = "other";
    store.actions.gradientsLoaded(again);
    expect(store.gradients.overview.value).toBeNull();
  });

  it("say what the page shows", () => {
    store.actions.screenChosen("gradients");
    expect(pageStateOf(store, true)).toBe("loading");
    store.actions.frameArrived();
    expect(pageStateOf(store, true)).toBe("ready");
    store.actions.gradientsLoaded(gradients([]));
    expect(pageStateOf(store, true)).toBe("empty");
  });
});

describe("a unit", () => {
  it("chooses its layer, and lets go when it is chosen again", () => {
    store.actions.unitPinned({ layer: "a", unit: 3 });
    expect(store.gradients.layer.value).toBe("a");
    store.actions.unitPinned({ layer: "a", unit: 3 });
    expect(store.gradients.pinned.value).toBeNull();
  });

  it("takes its own history only", () => {
    store.actions.unitPinned({ layer: "a", unit: 3 });
    const history = {
      run: "one",
      layer: "a",
      steps: [],
      activation: [],
      zeros: [],
      gradient: [],
      signed: [],
    };
    store.actions.historyLoaded({ ...history, unit: 4 });
    expect(store.gradients.history.value).toBeNull();
    store.actions.historyLoaded({ ...history, unit: 3 });
    expect(store.gradients.history.value).not.toBeNull();
  });
});

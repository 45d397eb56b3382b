import { beforeEach, describe, expect, it } from "vitest";
import type { Session } from "../../../src/session";
import { gradientsOf, projection, run, runs } from "../../fixtures";
import { createPage, type Page } from "../../page";

const info = (axis: "train_step" | "epoch" | null) => ({ last_step: 9, last_wall_time: 9, axis });

let { session, embeddings, gradients, scalars, screens }: Page = createPage();
beforeEach(() => {
  ({ session, embeddings, gradients, scalars, screens } = createPage());
  session.actions.runsLoaded(runs("one"));
  session.actions.runLoaded(run("one", { steps: [0, 1, 2], train_steps: [0, 100, 200] }));
  scalars.actions.scalarsLoaded({
    runs: { one: { "train/loss": info("train_step"), "probe/loss": info("epoch"), own: info(null) } },
  });
});

describe("a step of a chart", () => {
  it("moves the cursor of all screens, unless the chart counts something of its own", () => {
    embeddings.actions.projectionsLoaded("one", [projection("a", [0, 1, 2])]);
    scalars.actions.scalarStepChosen("train_step", 100);
    expect([session.trainStep.value, session.epoch.value]).toEqual([100, 1]);
    scalars.actions.scalarStepChosen("epoch", 0);
    expect([session.trainStep.value, session.epoch.value]).toEqual([0, 0]);
    scalars.actions.scalarStepChosen(null, 7);
    expect([session.trainStep.value, session.epoch.value]).toEqual([0, 0]);
  });

  it("is the same under the pointer in every chart of the axis", () => {
    scalars.actions.scalarPointed({ axis: "epoch", step: 1 });
    const before = scalars.pointed.value;
    scalars.actions.scalarPointed({ axis: "epoch", step: 1 });
    expect(scalars.pointed.value).toBe(before);
  });
});

it("the index says that the run grew only where it did", () => {
  const before = session.nUpdates.value;
  scalars.actions.scalarsLoaded({ runs: { one: { own: info(null) } } });
  scalars.actions.scalarsLoaded({ runs: { one: { own: info(null) } } });
  expect(session.nUpdates.value).toBe(before + 1);
});

it("smoothing stays within its bounds", () => {
  scalars.actions.smoothingChosen(2);
  expect(scalars.smoothing.value).toBe(0.99);
  scalars.actions.smoothingChosen(Number.NaN);
  scalars.actions.smoothingChosen(-1);
  expect(scalars.smoothing.value).toBe(0);
});

describe("the keys", () => {
  it("move among the epochs where no training steps are recorded", () => {
    embeddings.actions.projectionsLoaded("one", [projection("a", [0, 1, 2])]);
    expect(Object.keys(screens.scalars.keys()).sort()).toEqual(["ArrowLeft", "ArrowRight", "End", "Home"]);
    screens.scalars.keys().Home();
    expect(session.epoch.value).toBe(0);
    gradients.actions.gradientsLoaded(gradientsOf([0, 50, 100]));
    screens.scalars.keys().ArrowRight();
    expect(recorded(session)).toBe(50);
  });
});

function recorded({ recordedStep }: Session): number | null {
  return recordedStep.value;
}

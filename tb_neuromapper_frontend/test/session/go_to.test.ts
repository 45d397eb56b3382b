import { beforeEach, expect, it } from "vitest";
import { gradientsOf, projection, run, runs } from "../fixtures";
import { createPage, type Page } from "../page";

let page: Page;
beforeEach(() => {
  page = createPage();
  page.session.actions.runsLoaded(runs("one"));
  page.session.actions.runLoaded(run("one", { steps: [0, 1, 2], train_steps: [0, 100, 200] }));
  page.embeddings.actions.projectionsLoaded("one", [projection("a", [0, 1, 2])]);
  page.gradients.actions.gradientsLoaded(gradientsOf([0, 50, 100, 150, 199]));
});

it("a target opens its screen, ends the playing and moves the cursor, of the epochs too", () => {
  const { session } = page;
  session.actions.epochMoves.togglePlaying();
  session.goTo({ screen: "gradients", trainStep: 110 });
  expect([session.screen.value, session.playing.value]).toEqual(["gradients", false]);
  expect([session.trainStep.value, session.recordedStep.value, session.epoch.value]).toEqual([110, 100, 1]);
});

it("the gradients screen marks the target's units in its layer", () => {
  const { session, gradients } = page;
  session.goTo({ screen: "gradients", layer: "fc2", unit: 3, units: [3, 4] });
  expect(gradients.pinned.value).toEqual({ layer: "fc2", unit: 3 });
  expect(gradients.marked.value.map(({ unit }) => unit)).toEqual([3, 4]);
  expect(gradients.unfolded.value.has("fc2")).toBe(true);
});

it("the scalars screen brings the target's chart into view", () => {
  const { session, scalars } = page;
  session.goTo({ screen: "scalars", tag: "loss" });
  expect([session.screen.value, scalars.target.value]).toEqual(["scalars", "loss"]);
  session.actions.runSelected("two");
  expect(scalars.target.value).toBeNull();
});

it("only the target's screen takes it", () => {
  const { session, gradients, scalars } = page;
  session.goTo({ screen: "scalars", tag: "loss", layer: "fc2", units: [3] });
  expect([gradients.layer.value, gradients.nCalls.value]).toEqual([null, 0]);
  session.goTo({ screen: "embeddings", tag: "other" });
  expect([session.screen.value, scalars.target.value]).toEqual(["embeddings", "loss"]);
});

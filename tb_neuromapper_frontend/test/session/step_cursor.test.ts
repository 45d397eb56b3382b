import { beforeEach, describe, expect, it } from "vitest";
import { syncTrainStep } from "../../src/session/step_cursor";
import { block, gradientsOf, projection, run, runs } from "../fixtures";
import { createPage, type Page } from "../page";

const RUN = run("one", { steps: [0, 1, 2], train_steps: [0, 100, 200], blocks: [block("a")] });

let { session, embeddings, gradients }: Page = createPage();
beforeEach(() => {
  ({ session, embeddings, gradients } = createPage());
  session.actions.runsLoaded(runs("one"));
  session.actions.runLoaded(RUN);
  embeddings.actions.projectionsLoaded("one", [projection("a", [0, 1, 2])]);
  gradients.actions.gradientsLoaded(gradientsOf([0, 50, 100, 150, 199]));
});

describe("the cursor", () => {
  it("is at the newest step and epoch while following", () => {
    expect([session.recordedStep.value, session.epoch.value]).toEqual([199, 2]);
    gradients.actions.gradientsLoaded(gradientsOf([0, 50, 100, 150, 199, 250]));
    expect(session.recordedStep.value).toBe(250);
  });

  it("takes the epoch along when a training step is chosen", () => {
    const { trainStepMoves } = session.actions;
    session.actions.trainStepChosen(100);
    expect([session.epoch.value, session.follow.value]).toEqual([1, false]);
    trainStepMoves.first();
    expect([session.recordedStep.value, session.epoch.value]).toEqual([0, 0]);
    trainStepMoves.next();
    expect(session.recordedStep.value).toBe(50);
    trainStepMoves.previous();
    trainStepMoves.previous();
    expect(session.recordedStep.value).toBe(0);
  });

  it("takes the training step along when an epoch is chosen", () => {
    session.actions.epochChosen(1);
    expect(session.trainStep.value).toBe(99);
    expect(session.recordedStep.value).toBe(100);
    session.actions.epochMoves.last();
    expect([session.recordedStep.value, session.follow.value]).toEqual([199, true]);
  });

  it("stays where it is when the run grows, unless it follows", () => {
    session.actions.trainStepChosen(50);
    gradients.actions.gradientsLoaded(gradientsOf([0, 50, 100, 150, 199, 250]));
    expect(session.recordedStep.value).toBe(50);
    session.actions.trainStepMoves.last();
    expect([session.recordedStep.value, session.follow.value]).toEqual([250, true]);
  });

  it("may stand between recorded steps, which shows the nearest", () => {
    session.actions.trainStepChosen(70);
    expect([session.trainStep.value, session.recordedStep.value]).toEqual([70, 50]);
  });

  it("plays from the first step when it is at the last", () => {
    session.actions.trainStepMoves.togglePlaying();
    expect([session.playing.value, session.recordedStep.value]).toEqual([true, 0]);
    session.actions.screenChosen("embeddings");
    expect(session.playing.value).toBe(false);
  });

  it("plays on to the step that comes next", () => {
    session.actions.trainStepMoves.togglePlaying();
    session.actions.trainPlayedTo(50);
    expect([session.playing.value, session.recordedStep.value]).toEqual([true, 50]);
  });

  it("does not play a single step", () => {
    gradients.actions.gradientsLoaded(gradientsOf([7]));
    session.actions.trainStepMoves.togglePlaying();
    expect(session.playing.value).toBe(false);
  });
});

describe("a link that names an epoch alone", () => {
  it("means the training step before it, once that is known", () => {
    const page = createPage();
    page.session.actions.linkOpened({ run: "one", step: "1" });
    const stop = syncTrainStep(page.session);
    page.session.actions.runsLoaded(runs("one"));
    expect(page.session.trainStep.value).toBeNull();
    page.session.actions.runLoaded(RUN);
    expect([page.session.trainStep.value, page.session.follow.value]).toEqual([99, false]);
    stop();
  });
});

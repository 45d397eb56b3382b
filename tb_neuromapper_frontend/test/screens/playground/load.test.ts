import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createPlaygroundApi } from "../../../src/screens/playground/api";
import { syncPlayground, type Trainer } from "../../../src/screens/playground/state/load";
import type { Training } from "../../../src/screens/playground/types";
import { runs } from "../../fixtures";
import { createPage, type Page, SILENT } from "../../page";

const TRAINING: Training = {
  id: "1",
  run: "digits-8",
  state: "training",
  message: "",
  progress: 0,
  epoch: 0,
  n_epochs: 2,
  parameters: {},
  command: "",
};

let page: Page;
let trainer: Trainer;
beforeEach(() => {
  vi.useFakeTimers();
  page = createPage();
  trainer = syncPlayground(page.session, page.playground, createPlaygroundApi(SILENT), () => false);
  page.session.actions.runsLoaded({ ...runs("one"), playground: true });
  page.session.actions.screenChosen("playground");
});
afterEach(() => {
  vi.useRealTimers();
});

const found = () => page.session.actions.runsLoaded({ ...runs("one", "digits-8"), playground: true });

describe("a training's run", () => {
  it("is gone to as soon as TensorBoard has found it, where its gradients flow", () => {
    const { session, playground } = page;
    playground.actions.trainingStarted(TRAINING);
    expect(session.screen.value).toBe("playground");
    found();
    expect([session.runName.value, session.screen.value]).toEqual(["digits-8", "gradients"]);
    expect(playground.awaited.value).toBeNull();
  });

  it("does not call back whoever has gone elsewhere", () => {
    const { session, playground } = page;
    playground.actions.trainingStarted(TRAINING);
    session.actions.screenChosen("scalars");
    found();
    expect([session.runName.value, session.screen.value]).toEqual(["one", "scalars"]);
    expect(playground.awaited.value).toBeNull();
  });

  it("is shown on demand; the gradients screen stays as it was", () => {
    const { session, gradients } = page;
    found();
    gradients.actions.measureChosen("dead");
    trainer.show("digits-8");
    expect([session.runName.value, session.screen.value]).toEqual(["digits-8", "gradients"]);
    expect([gradients.measure.value, gradients.nCalls.value]).toEqual(["dead", 0]);
  });

  it("is awaited no more once its training is to stop", () => {
    const { playground } = page;
    playground.actions.trainingStarted(TRAINING);
    trainer.stop("1");
    expect(playground.awaited.value).toBeNull();
    expect(playground.sending.value).toBe(true);
  });
});

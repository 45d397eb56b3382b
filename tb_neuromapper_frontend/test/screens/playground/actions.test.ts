import { beforeEach, describe, expect, it } from "vitest";
import type { PlaygroundForm, Training } from "../../../src/screens/playground/types";
import { createPage, type Page } from "../../page";

const base = (name: string) => ({ name, label: name, hint: "" });
const FORM: PlaygroundForm = {
  why_not: "",
  fields: [
    { ...base("hidden"), kind: "layers", default: [64, 32], max_layers: 8, max_units: 1024 },
    { ...base("batch_size"), kind: "integer", default: 32, low: 1, high: 1024 },
  ],
  data_sets: {},
  limits: { max_running: 2, time_s: 600, memory_bytes: 1 },
};

function training(changes: Partial<Training> = {}): Training {
  const start = { id: "1", run: "digits-8", state: "training" as const, message: "", progress: 0 };
  return { ...start, epoch: 0, n_epochs: 2, parameters: {}, command: "", ...changes };
}

describe("the playground's state", () => {
  let { session, playground }: Page = createPage();
  beforeEach(() => {
    ({ session, playground } = createPage());
    playground.actions.formLoaded(FORM);
  });

  it("keeps what was typed when the form is loaded again", () => {
    playground.actions.fieldTyped("batch_size", "7");
    playground.actions.formLoaded(FORM);
    expect(playground.draft.value.values.batch_size).toBe("7");
    playground.actions.draftReset();
    expect(playground.draft.value).toEqual({ values: { batch_size: "32" }, layers: ["64", "32"] });
  });

  it("adds a layer as large as the last, changes one and removes one", () => {
    playground.actions.layerAdded();
    playground.actions.layerTyped(0, "5");
    playground.actions.layerRemoved(1);
    expect(playground.draft.value.layers).toEqual(["5", "32"]);
    playground.actions.layerRemoved(0);
    playground.actions.layerRemoved(0);
    playground.actions.layerAdded();
    expect(playground.draft.value.layers).toEqual(["16"]);
  });

  it("awaits the run that was started, unless its training failed", () => {
    playground.actions.requestSent();
    expect(playground.sending.value).toBe(true);
    playground.actions.trainingStarted(training());
    expect(playground.sending.value).toBe(false);
    expect(playground.awaited.value).toBe("digits-8");
    expect(playground.underWay.value).toHaveLength(1);
    playground.actions.trainingsLoaded([training({ state: "done" })]);
    expect(playground.awaited.value).toBe("digits-8");
    expect(playground.underWay.value).toHaveLength(0);
    playground.actions.trainingsLoaded([training({ state: "failed" })]);
    expect(playground.awaited.value).toBeNull();
  });

  it("tells of a training that failed, on the screens that do not list it", () => {
    playground.actions.trainingStarted(training());
    session.actions.screenChosen("gradients");
    playground.actions.trainingsLoaded([training({ state: "failed", message: "the loss became nan." })]);
    expect(session.failure.value).toBe("The training digits-8 ended: the loss became nan.");
    session.actions.failureDismissed();
    playground.actions.trainingsLoaded([training({ state: "failed", message: "the loss became nan." })]);
    expect(session.failure.value).toBe("");
  });

  it("keeps a refusal until the next request", () => {
    playground.actions.trainingRefused("Two are under way.");
    expect(playground.refusal.value).toBe("Two are under way.");
    playground.actions.requestSent();
    expect(playground.refusal.value).toBe("");
  });
});

import { beforeEach, describe, expect, it } from "vitest";
import {
  countParameters,
  draftOf,
  hasProblem,
  parametersOf,
  problemOf,
  unitsOf,
} from "../../../src/screens/playground/state/state";
import type { FormField, PlaygroundForm, Training } from "../../../src/screens/playground/types";
import { createStore, type Store } from "../../../src/session/state";

const base = (name: string) => ({ name, label: name, hint: "" });
const FIELDS: FormField[] = [
  { ...base("data"), kind: "choice", default: "digits", choices: [{ name: "digits", title: "digits" }] },
  { ...base("hidden"), kind: "layers", default: [64, 32], max_layers: 8, max_units: 1024 },
  { ...base("learning_rate"), kind: "number", default: 0.1, low: 1e-8, high: 1000 },
  { ...base("batch_size"), kind: "integer", default: 32, low: 1, high: 1024 },
  { ...base("name"), kind: "name", default: "", max_length: 8 },
];
const FORM: PlaygroundForm = {
  why_not: "",
  fields: FIELDS,
  data_sets: {
    digits: { n_inputs: 64, n_classes: 10, missing: "" },
    mnist: { n_inputs: 784, n_classes: 10, missing: "MNIST is not here." },
  },
  limits: { max_running: 2, time_s: 600, memory_bytes: 1 },
};

function training(changes: Partial<Training> = {}): Training {
  const start = { id: "1", run: "digits-8", state: "training" as const, message: "", progress: 0 };
  return { ...start, epoch: 0, n_epochs: 2, parameters: {}, command: "", ...changes };
}

const [data, hidden, rate, batch, name] = FIELDS;
const draft = draftOf(FIELDS);
const typed = (field: string, text: string) => ({ ...draft, values: { ...draft.values, [field]: text } });

describe("what is typed", () => {
  it("is right at the start", () => {
    expect(FIELDS.map((field) => problemOf(field, draft))).toEqual(["", "", "", "", ""]);
    expect(hasProblem(FORM, draft)).toBe(false);
    expect(parametersOf(FORM, draft)).toEqual({
      data: "digits",
      hidden: [64, 32],
      learning_rate: 0.1,
      batch_size: 32,
      name: "",
    });
  });

  it.each(["", " ", "x", "0", "-1", "1e4", "NaN", "Infinity"])("is no learning rate: %j", (text) => {
    expect(problemOf(rate, typed("learning_rate", text))).toBe("Give a number from 1e-8 to 1000.");
    expect(hasProblem(FORM, typed("learning_rate", text))).toBe(true);
  });

  it.each(["2.5", "0", "1025", "", "many"])("is no batch size: %j", (text) => {
    expect(problemOf(batch, typed("batch_size", text))).toBe("Give a whole number from 1 to 1024.");
  });

  it.each(["../x", "a/b", ".a", "a.", "é", "x".repeat(9), "a b"])("is no run name: %j", (text) => {
    expect(problemOf(name, typed("name", text))).toContain("Give at most 8 of");
  });

  it.each(["", "a", "A-1_b.2"])("is a run name: %j", (text) => {
    expect(problemOf(name, typed("name", text))).toBe("");
  });

  it("names the layer that is wrong", () => {
    expect(problemOf(hidden, { ...draft, layers: ["8", "0"] })).toBe(
      "Layer 2: give a whole number from 1 to 1024.",
    );
    expect(problemOf(hidden, { ...draft, layers: [] })).toBe("");
    expect(unitsOf(FORM, { ...draft, layers: ["8", "x"] })).toBeNull();
  });

  it("cannot start without the data", () => {
    expect(problemOf(data, typed("data", "mnist"))).toBe("");
    expect(hasProblem(FORM, typed("data", "mnist"))).toBe(true);
  });

  it("makes a network whose weights and biases are counted", () => {
    expect(unitsOf(FORM, draft)).toEqual([64, 64, 32, 10]);
    expect(countParameters([64, 64, 32, 10])).toBe(65 * 64 + 65 * 32 + 33 * 10);
    expect(countParameters([2, 2])).toBe(6);
  });
});

describe("the playground's state", () => {
  let store: Store;
  beforeEach(() => {
    store = createStore();
    store.actions.formLoaded(FORM);
  });

  it("keeps what was typed when the form is loaded again", () => {
    store.actions.fieldTyped("batch_size", "7");
    store.actions.formLoaded(FORM);
    expect(store.playground.draft.value.values.batch_size).toBe("7");
    store.actions.draftReset();
    expect(store.playground.draft.value).toEqual(draft);
  });

  it("adds a layer as large as the last, changes one and removes one", () => {
    store.actions.layerAdded();
    store.actions.layerTyped(0, "5");
    store.actions.layerRemoved(1);
    expect(store.playground.draft.value.layers).toEqual(["5", "32"]);
    store.actions.layerRemoved(0);
    store.actions.layerRemoved(0);
    store.actions.layerAdded();
    expect(store.playground.draft.value.layers).toEqual(["16"]);
  });

  it("awaits the run that was started, unless its training failed", () => {
    store.actions.requestSent();
    expect(store.playground.sending.value).toBe(true);
    store.actions.trainingStarted(training());
    expect(store.playground.sending.value).toBe(false);
    expect(store.playground.awaited.value).toBe("digits-8");
    expect(store.playground.underWay.value).toHaveLength(1);
    store.actions.trainingsLoaded([training({ state: "done" })]);
    expect(store.playground.awaited.value).toBe("digits-8");
    expect(store.playground.underWay.value).toHaveLength(0);
    store.actions.trainingsLoaded([training({ state: "failed" })]);
    expect(store.playground.awaited.value).toBeNull();
  });

  it("tells of a training that failed, on the screens that do not list it", () => {
    store.actions.trainingStarted(training());
    store.actions.screenChosen("gradients");
    store.actions.trainingsLoaded([training({ state: "failed", message: "the loss became nan." })]);
    expect(store.failure.value).toBe("The training digits-8 ended: the loss became nan.");
    store.actions.failureDismissed();
    store.actions.trainingsLoaded([training({ state: "failed", message: "the loss became nan." })]);
    expect(store.failure.value).toBe("");
  });

  it("keeps a refusal until the next request", () => {
    store.actions.trainingRefused("Two are under way.");
    expect(store.playground.refusal.value).toBe("Two are under way.");
    store.actions.requestSent();
    expect(store.playground.refusal.value).toBe("");
  });
});

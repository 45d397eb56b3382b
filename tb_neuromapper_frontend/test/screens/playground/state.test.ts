import { describe, expect, it } from "vitest";
import {
  countParameters,
  draftOf,
  hasProblem,
  parametersOf,
  problemOf,
  unitsOf,
} from "../../../src/screens/playground/state/state";
import type { FormField, PlaygroundForm } from "../../../src/screens/playground/types";

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

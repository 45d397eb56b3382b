import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { FormField, PlaygroundForm, Training } from "../types";

/** What the user typed: a text for each field, a text for each layer. */
export interface Draft {
  values: Readonly<Record<string, string>>;
  layers: readonly string[];
}

export interface PlaygroundState {
  /** Null until the server has described it. */
  form: Signal<PlaygroundForm | null>;
  draft: Signal<Draft>;
  /** Newest first. */
  trainings: Signal<readonly Training[]>;
  /** Why the last request was refused, or "". */
  refusal: Signal<string>;
  /** A request is under way. */
  sending: Signal<boolean>;
  /** The run that was started here and will be shown as soon as TensorBoard has found it. */
  awaited: Signal<string | null>;
  underWay: ReadonlySignal<readonly Training[]>;
}

export function createPlaygroundState(): PlaygroundState {
  const trainings = signal<readonly Training[]>([]);
  return {
    form: signal<PlaygroundForm | null>(null),
    draft: signal<Draft>({ values: {}, layers: [] }),
    trainings,
    refusal: signal(""),
    sending: signal(false),
    awaited: signal<string | null>(null),
    underWay: computed(() => trainings.value.filter(isUnderWay)),
  };
}

export function isUnderWay({ state }: Training): boolean {
  return state === "starting" || state === "training";
}

/** The fields' own values, where the user has typed nothing yet. */
export function draftOf(fields: readonly FormField[]): Draft {
  const layers = fields.find((field) => field.kind === "layers");
  const others = fields.filter((field) => field.kind !== "layers");
  return {
    values: Object.fromEntries(others.map((field) => [field.name, String(field.default)])),
    layers: layers?.kind === "layers" ? layers.default.map(String) : [],
  };
}

/** What is wrong with a field as it is typed, and what is allowed; "" if nothing is. */
export function problemOf(field: FormField, draft: Draft): string {
  if (field.kind === "layers") {
    const wrong = draft.layers.findIndex((text) => !isWithin(text, 1, field.max_units, true));
    if (wrong < 0) return "";
    return `Layer ${wrong + 1}: give a whole number from 1 to ${field.max_units}.`;
  }
  const text = draft.values[field.name] ?? "";
  if (field.kind === "choice") return "";
  if (field.kind === "name") return nameProblem(text, field.max_length);
  const whole = field.kind === "integer";
  if (isWithin(text, field.low, field.high, whole)) return "";
  return `Give a ${whole ? "whole " : ""}number from ${field.low} to ${field.high}.`;
}

export function hasProblem(form: PlaygroundForm, draft: Draft): boolean {
  const missing = form.data_sets[draft.values.data ?? ""]?.missing ?? "";
  return missing !== "" || form.fields.some((field) => problemOf(field, draft) !== "");
}

/** As the server takes them; call it only without problems. */
export function parametersOf(form: PlaygroundForm, draft: Draft): Record<string, unknown> {
  const typed = (field: FormField) => {
    if (field.kind === "layers") return draft.layers.map(Number);
    const text = draft.values[field.name];
    return field.kind === "integer" || field.kind === "number" ? Number(text) : text;
  };
  return Object.fromEntries(form.fields.map((field) => [field.name, typed(field)]));
}

/** The numbers of units, input to output; null while the draft has none. */
export function unitsOf(form: PlaygroundForm, draft: Draft): number[] | null {
  const data = form.data_sets[draft.values.data ?? ""];
  const hidden = draft.layers.map(Number);
  const isWhole = hidden.every((n) => Number.isInteger(n) && n > 0);
  return data && isWhole ? [data.n_inputs, ...hidden, data.n_classes] : null;
}

/** Weights and biases of a fully connected network. */
export function countParameters(units: readonly number[]): number {
  return units.slice(1).reduce((sum, n, index) => sum + n * (units[index] + 1), 0);
}

function nameProblem(text: string, maxLength: number): string {
  if (text === "") return "";
  if (text.length <= maxLength && /^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/i.test(text)) return "";
  return `Give at most ${maxLength} of a–z, A–Z, 0–9, -, _ and ., with a letter or digit at both ends, or nothing.`;
}

function isWithin(text: string, low: number, high: number, whole: boolean): boolean {
  const value = Number(text);
  return text.trim() !== "" && value >= low && value <= high && (!whole || Number.isInteger(value));
}

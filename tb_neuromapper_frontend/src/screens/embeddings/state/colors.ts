import type { Outcomes, Samples } from "../../../api/types";
import { classEntries, finiteRange, type PaletteKind, quantile, rampEntries } from "../../../color/palette";

/** What the colours say, for the legend. */
export interface Coloring {
  kind: PaletteKind;
  title: string;
  /** Ends of the scale for `kind` "ramp"; values beyond have the end's colour. */
  range: [number, number];
  unit: "" | "%";
  /** Some values lie above the scale. */
  clipped: boolean;
  /** The class of each sample that the legend's switches act on, or null. */
  classes: Int32Array | null;
  nClasses: number;
  /** Names of these classes; null: their numbers. */
  classNames: readonly string[] | null;
  /** The colours are not known yet: outcomes or positions are still to come. */
  pending: boolean;
}

export interface Colors extends Coloring {
  entries: Uint16Array;
}

/** What all ways of colouring need. */
export interface Base {
  n: number;
  nClasses: number;
  classNames: readonly string[] | null;
  samples: Samples | null;
}

export function labelColors(base: Base): Colors {
  const { samples, nClasses, n } = base;
  if (samples?.targets) return scaled(base, "target", samples.targets, finiteRange(samples.targets), "");
  const labels = samples?.labels ?? null;
  const entries = labels ? classEntries(labels, nClasses) : new Uint16Array(n);
  return { ...plain(base), kind: "class", title: "label", entries };
}

export function outcomeColors(
  base: Base,
  by: "predicted" | "correct" | "confidence" | "loss",
  outcomes: Outcomes | null,
) {
  const unknown: Colors = { ...plain(base), title: by, pending: true };
  if (!outcomes) return by === "correct" ? { ...unknown, kind: "correct" as const } : unknown;
  const { predicted, confidence, loss } = outcomes;
  if (by === "confidence") return confidence ? scaled(base, by, confidence, [0, 1], "%") : unknown;
  if (by === "loss") return loss ? scaled(base, by, loss, [0, null], "") : unknown;
  if (!(predicted instanceof Int32Array)) {
    if (!predicted) return unknown;
    const range = finiteRange(base.samples?.targets ?? predicted);
    return by === "predicted" ? scaled(base, by, predicted, range, "") : unknown;
  }
  const title = by;
  if (by === "predicted") {
    const entries = classEntries(predicted, base.nClasses);
    return { ...plain(base), kind: "class" as const, title, entries, classes: predicted };
  }
  const labels = base.samples?.labels;
  if (!labels) return unknown;
  const entries = Uint16Array.from(labels, (label, row) =>
    label < 0 ? 0 : label === predicted[row] ? 2 : 1,
  );
  return { ...plain(base), kind: "correct" as const, title, entries };
}

/** A column of the outcomes: numbers are on the scale, texts have colours of their own. */
export function columnColors(base: Base, name: string, outcomes: Outcomes | null): Colors {
  const column = outcomes && Object.hasOwn(outcomes.others, name) ? outcomes.others[name] : null;
  if (!column) return { ...plain(base), title: name, pending: true };
  const { values, texts } = column;
  if (texts) return classColors(base, name, Int32Array.from(values), texts);
  const isShare = name === "accuracy";
  return scaled(base, name, values, isShare ? [0, 1] : finiteRange(values), isShare ? "%" : "");
}

/** On the scale; an end that is null is the value that 98 % lie below, so that a few do not flatten the rest. */
export function scaled(
  base: Base,
  title: string,
  values: ArrayLike<number>,
  [min, max]: [number, number | null],
  unit: Coloring["unit"],
): Colors {
  const top = max ?? (quantile(values, 0.98) || 1);
  return {
    ...plain(base),
    kind: "ramp",
    title,
    range: [min, top],
    clipped: max === null,
    unit,
    entries: rampEntries(values, min, top),
  };
}

function plain({ n, nClasses, classNames, samples }: Base): Colors {
  const range: [number, number] = [0, 1];
  const common = { kind: "class" as const, title: "", range, unit: "" as const, clipped: false };
  const classes = samples?.labels ?? null;
  return { ...common, classes, nClasses, classNames, pending: samples === null, entries: new Uint16Array(n) };
}

/** Distinct words of a column have colours of their own; numbers are on the scale. */
export function metadataColors(base: Base, column: string): Colors {
  const values = base.samples?.metadata[column];
  if (!Array.isArray(values)) return { ...plain(base), title: column, pending: true };
  const known = values.filter((value) => value !== null);
  if (known.every((value) => typeof value === "number")) {
    const numbers = values.map((value) => (typeof value === "number" ? value : Number.NaN));
    return scaled(base, column, numbers, finiteRange(numbers), "");
  }
  const classNames = [...new Set(known.map(String))].sort((a, b) =>
    a.localeCompare(b, "en", { numeric: true }),
  );
  const indices = new Map(classNames.map((name, index) => [name, index]));
  const classes = Int32Array.from(values, (value) =>
    value === null ? -1 : (indices.get(String(value)) ?? -1),
  );
  return classColors(base, column, classes, classNames);
}

/** A column whose distinct words are classes of their own. */
function classColors(base: Base, title: string, classes: Int32Array, classNames: readonly string[]): Colors {
  const nClasses = classNames.length;
  const entries = classEntries(classes, nClasses);
  return { ...plain(base), kind: "class", title, entries, classes, nClasses, classNames };
}

/** How many rows of each class there are; of `drawn`, if given, those that are 1. */
export function countClasses(classes: Int32Array, nClasses: number, drawn?: Uint8Array): number[] {
  const counts = new Array<number>(nClasses).fill(0);
  for (const [row, label] of classes.entries())
    if (label >= 0 && label < nClasses && drawn?.[row] !== 0) counts[label] += 1;
  return counts;
}

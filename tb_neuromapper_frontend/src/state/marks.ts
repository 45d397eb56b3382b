import { computed, type ReadonlySignal } from "@preact/signals";
import type { Outcomes, Projection, Samples } from "../api/types";
import {
  classEntries,
  finiteRange,
  N_MARKS,
  type PaletteKind,
  paletteTexels,
  quantile,
  RAMP_LENGTH,
  rampEntries,
} from "../color/palette";
import { Level, type Marks, MISSING, type Slice } from "../render/scene";
import type { PositionCache } from "./positions";
import { sampleRows } from "./sampling";
import type { Store } from "./store";

const PALETTE_LENGTH: Record<PaletteKind, number> = { class: N_MARKS, ramp: RAMP_LENGTH, correct: 2 };

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
  /** The colours are not known yet: outcomes or positions are still to come. */
  pending: boolean;
}

interface Colors extends Coloring {
  entries: Uint16Array;
}

/** How the points look, derived from the store; each array is new only if its own causes changed. */
export function createMarks(store: Store, cache: PositionCache) {
  const nPoints = computed(() => store.run.value?.n_samples ?? 0);
  const nClasses = computed(
    () => store.run.value?.class_names?.length ?? largest(store.samples.value?.labels) + 1,
  );
  const movement = computed(() => {
    store.nArrivals.value;
    const viewed = store.projections.value.filter(({ block }) => store.views.value.includes(block));
    return movementOf(viewed, cache, store.steps.value, store.step.value, nPoints.value);
  });
  const colors = computed<Colors>(() => {
    const base = { n: nPoints.value, nClasses: nClasses.value, samples: store.samples.value };
    if (store.colorBy.value === "movement") return scaled(base, "movement", movement.value, [0, null], "%");
    if (store.colorBy.value === "label") return labelColors(base);
    return outcomeColors(base, store.colorBy.value, store.outcomes.value);
  });
  const palette = computed(() => {
    const { kind } = colors.value;
    return paletteTexels(kind, PALETTE_LENGTH[kind], store.theme.value);
  });
  const drawn = computed(() =>
    sampleRows(nPoints.value, store.samples.value?.labels ?? null, store.sampling.value),
  );
  const levels = computed(() =>
    levelsOf(drawn.value, colors.value.classes, store.hiddenClasses.value, store.hoverClass.value),
  );
  const marks: ReadonlySignal<Marks> = computed(() => ({
    entries: colors.value.entries,
    levels: levels.value,
    palette: palette.value,
  }));
  const coloring: ReadonlySignal<Coloring> = colors;
  return { marks, coloring };
}

interface Base {
  n: number;
  nClasses: number;
  samples: Samples | null;
}

function labelColors(base: Base): Colors {
  const { samples, nClasses, n } = base;
  if (samples?.targets) return scaled(base, "target", samples.targets, finiteRange(samples.targets), "");
  const labels = samples?.labels ?? null;
  const entries = labels ? classEntries(labels, nClasses) : new Uint16Array(n);
  return { ...plain(base), kind: "class", title: "label", entries };
}

function outcomeColors(
  base: Base,
  by: "predicted" | "correct" | "confidence" | "loss",
  outcomes: Outcomes | null,
) {
  const unknown: Colors = { ...plain(base), title: by, pending: true };
  if (!outcomes) return by === "correct" ? { ...unknown, kind: "correct" as const } : unknown;
  const { predicted, confidence, loss } = outcomes;
  if (by === "confidence") return confidence ? scaled(base, by, confidence, [0, 1], "%") : unknown;
  if (by === "loss") return loss ? scaled(base, by, loss, [0, null], "") : unknown;
  if (predicted instanceof Float32Array) {
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

/** On the scale; an end that is null is the value that 98 % lie below, so that a few do not flatten the rest. */
function scaled(
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

function plain({ n, nClasses, samples }: Base): Colors {
  const range: [number, number] = [0, 1];
  const common = { kind: "class" as const, title: "", range, unit: "" as const, clipped: false };
  const classes = samples?.labels ?? null;
  return { ...common, classes, nClasses, pending: samples === null, entries: new Uint16Array(n) };
}

function largest(labels: Int32Array | null | undefined): number {
  return labels?.reduce((most, label) => Math.max(most, label), -1) ?? -1;
}

export function countClasses(classes: Int32Array, nClasses: number): number[] {
  const counts = new Array<number>(nClasses).fill(0);
  for (const label of classes) if (label >= 0 && label < nClasses) counts[label] += 1;
  return counts;
}

/** Only the rows of the sample are drawn, and no hidden classes; while one class is pointed at, the others fade. */
export function levelsOf(
  drawn: Uint8Array,
  classes: Int32Array | null,
  hidden: ReadonlySet<number>,
  pointedAt: number | null,
): Uint8Array {
  const levels = drawn.map((isDrawn) => (isDrawn ? Level.normal : Level.hidden));
  if (!classes || (hidden.size === 0 && pointedAt === null)) return levels;
  for (let row = 0; row < levels.length; row++) {
    if (levels[row] === Level.hidden) continue;
    const label = classes[row];
    if (hidden.has(label)) levels[row] = Level.hidden;
    else if (pointedAt !== null && label !== pointedAt) levels[row] = Level.faded;
  }
  return levels;
}

/**
 * How far each sample moved since the step before: the mean over the views, as a share of the layout's larger side.
 * NaN where that is not known.
 */
export function movementOf(
  projections: readonly Projection[],
  cache: Pick<PositionCache, "slice">,
  steps: readonly number[],
  step: number | null,
  n: number,
): Float32Array {
  const sums = new Float32Array(n);
  const counts = new Uint16Array(n);
  const before = steps[steps.indexOf(step ?? Number.NaN) - 1];
  for (const { id } of before === undefined ? [] : projections) {
    const from = cache.slice(id, before);
    const to = cache.slice(id, step as number);
    if (from && to) addMovement(from, to, sums, counts);
  }
  return sums.map((sum, row) => (counts[row] > 0 ? sum / counts[row] : Number.NaN));
}

function addMovement(from: Slice, to: Slice, sums: Float32Array, counts: Uint16Array): void {
  const width = to.extent[2] - to.extent[0];
  const height = to.extent[3] - to.extent[1];
  const side = Math.max(width, height) || 1;
  for (let row = 0; row < Math.min(sums.length, to.xy.length / 2, from.xy.length / 2); row++) {
    const [i, j] = [2 * row, 2 * row + 1];
    const gone = (xy: Uint16Array) => xy[i] === MISSING && xy[j] === MISSING;
    if (gone(from.xy) || gone(to.xy)) continue;
    const dx = ((to.xy[i] - from.xy[i]) / MISSING) * (width / side);
    const dy = ((to.xy[j] - from.xy[j]) / MISSING) * (height / side);
    sums[row] += Math.hypot(dx, dy);
    counts[row] += 1;
  }
}

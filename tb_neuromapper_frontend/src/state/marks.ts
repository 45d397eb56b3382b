import { computed, type ReadonlySignal } from "@preact/signals";
import { classEntries, finiteRange, paletteTexels, RAMP_LENGTH, rampEntries } from "../color/palette";
import { Level, type Marks } from "../render/scene";
import type { Store } from "./store";

export interface Coloring {
  kind: "class" | "target" | "none";
  /** Of the targets; [0, 1] without. */
  range: [number, number];
  /** Samples of each class. */
  counts: number[];
}

/** How the points look, derived from the store; each array is new only if its own causes changed. */
export function createMarks(store: Store): {
  marks: ReadonlySignal<Marks>;
  coloring: ReadonlySignal<Coloring>;
} {
  const classNames = computed(() => store.run.value?.class_names ?? null);
  const nPoints = computed(() => store.run.value?.n_samples ?? 0);
  const coloring = computed<Coloring>(() => {
    const samples = store.samples.value;
    if (samples?.targets) return { kind: "target", range: finiteRange(samples.targets), counts: [] };
    if (!samples?.labels) return { kind: "none", range: [0, 1], counts: [] };
    return { kind: "class", range: [0, 1], counts: countLabels(samples.labels, nClasses.value) };
  });
  const nClasses = computed(() => classNames.value?.length ?? largestLabel(store.samples.value?.labels) + 1);
  const entries = computed(() => {
    const samples = store.samples.value;
    if (samples?.targets) return rampEntries(samples.targets, ...coloring.value.range);
    if (samples?.labels) return classEntries(samples.labels, nClasses.value);
    return new Uint16Array(nPoints.value);
  });
  const palette = computed(() =>
    coloring.value.kind === "target"
      ? paletteTexels("ramp", RAMP_LENGTH, store.theme.value)
      : paletteTexels("class", nClasses.value, store.theme.value),
  );
  const levels = computed(() =>
    levelsOf(
      store.samples.value?.labels ?? null,
      nPoints.value,
      store.hiddenClasses.value,
      store.hoverClass.value,
    ),
  );
  const marks = computed(() => ({ entries: entries.value, levels: levels.value, palette: palette.value }));
  return { marks, coloring };
}

function countLabels(labels: Int32Array, nClasses: number): number[] {
  const counts = new Array<number>(nClasses).fill(0);
  for (const label of labels) if (label >= 0 && label < nClasses) counts[label] += 1;
  return counts;
}

function largestLabel(labels: Int32Array | null | undefined): number {
  return labels?.reduce((largest, label) => Math.max(largest, label), -1) ?? -1;
}

/** Hidden classes are not drawn; while one class is pointed at, the others fade. */
export function levelsOf(
  labels: Int32Array | null,
  n: number,
  hidden: ReadonlySet<number>,
  pointedAt: number | null,
): Uint8Array {
  const levels = new Uint8Array(n).fill(Level.normal);
  if (!labels || (hidden.size === 0 && pointedAt === null)) return levels;
  for (let row = 0; row < n; row++) {
    const label = labels[row];
    if (hidden.has(label)) levels[row] = Level.hidden;
    else if (pointedAt !== null && label !== pointedAt) levels[row] = Level.faded;
  }
  return levels;
}

import { computed, type ReadonlySignal } from "@preact/signals";
import { N_MARKS, type PaletteKind, paletteTexels, RAMP_LENGTH } from "../../../color/palette";
import { Level, MISSING, type PointStyles, type Slice } from "../../../render/scatter/scene";
import type { Session } from "../../../session";
import { NO_ROWS, withSelection } from "../../../session/selection";
import type { Projection } from "../types";
import type { Embeddings } from "./actions";
import { columnOf, isMetadata, isOutcome, outcomeOf } from "./color_by";
import {
  type Coloring,
  type Colors,
  columnColors,
  labelColors,
  metadataColors,
  outcomeColors,
  scaled,
} from "./colors";
import type { PositionCache } from "./positions";
import { blockOf } from "./run_pair";
import { sampleRows } from "./sampling";

const PALETTE_LENGTH: Record<PaletteKind, number> = { class: N_MARKS, ramp: RAMP_LENGTH, correct: 2 };

/** How the points look, derived from the state; each array is new only if its own causes changed. */
export function createPointStyles(session: Session, embeddings: Embeddings, cache: PositionCache) {
  const nPoints = computed(() => session.run.value?.n_samples ?? 0);
  const nClasses = computed(
    () => session.run.value?.class_names?.length ?? largest(session.samples.value?.labels) + 1,
  );
  const movement = computed(() => {
    embeddings.nArrivals.value;
    const viewed = embeddings.projections.value.filter(({ block }) =>
      embeddings.views.value.includes(blockOf(block)),
    );
    return movementOf(viewed, cache, session.epochs.value, session.epoch.value, nPoints.value);
  });
  const colors = computed<Colors>(() => {
    const classNames = session.run.value?.class_names ?? null;
    const base = { n: nPoints.value, nClasses: nClasses.value, classNames, samples: session.samples.value };
    const by = embeddings.colorBy.value;
    if (isMetadata(by)) return metadataColors(base, columnOf(by));
    if (by === "movement") {
      const isKnown = movement.value.some((value) => !Number.isNaN(value));
      return { ...scaled(base, by, movement.value, [0, null], "%"), pending: !isKnown };
    }
    if (by === "label") return labelColors(base);
    const hasOutcomes = session.run.value?.outcome_steps.includes(session.epoch.value ?? Number.NaN);
    const outcomes = hasOutcomes ? embeddings.outcomes.value : null;
    return isOutcome(by) ? columnColors(base, outcomeOf(by), outcomes) : outcomeColors(base, by, outcomes);
  });
  const palette = computed(() => {
    const { kind } = colors.value;
    return paletteTexels(kind, PALETTE_LENGTH[kind], session.theme.value);
  });
  const drawn = computed(() =>
    sampleRows(nPoints.value, session.samples.value?.labels ?? null, embeddings.sampling.value),
  );
  const unselected: ReadonlySignal<Uint8Array> = computed(() =>
    levelsOf(drawn.value, colors.value.classes, session.hiddenClasses.value, session.hoverClass.value),
  );
  const classes = computed(() => colors.value.classes);
  const visible = computed(() => levelsOf(drawn.value, classes.value, session.hiddenClasses.value, null));
  const isolated = computed(() => (session.isolated.value ? session.selected.value : NO_ROWS));
  /** Which rows are on view, faint or not: the same while the pointer rests on a class. */
  const shown: ReadonlySignal<Uint8Array> = computed(() =>
    withSelection(visible.value, isolated.value, session.isolated.value),
  );
  const levels = computed(() =>
    withSelection(unselected.value, session.selected.value, session.isolated.value),
  );
  const pointStyles: ReadonlySignal<PointStyles> = computed(() => ({
    entries: colors.value.entries,
    levels: levels.value,
    palette: palette.value,
  }));
  const coloring: ReadonlySignal<Coloring> = colors;
  return { pointStyles, coloring, unselected, shown, drawn };
}

function largest(labels: Int32Array | null | undefined): number {
  return labels?.reduce((most, label) => Math.max(most, label), -1) ?? -1;
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

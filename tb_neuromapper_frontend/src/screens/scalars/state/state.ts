import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { ScalarAxis, ScalarIndex, ScalarSeries } from "../types";

export const DEFAULT_SMOOTHING = 0.6;
const AXES: readonly ScalarAxis[] = ["train_step", "epoch"];

/** Tags that begin alike, up to their first slash. */
export interface TagGroup {
  /** "" for tags without a slash. */
  name: string;
  tags: string[];
}

/** What the scalars screen knows and shows. */
export interface ScalarsState {
  /** Null as long as it is not known. */
  index: Signal<ScalarIndex | null>;
  /** By `seriesKey`. */
  series: Signal<Readonly<Record<string, ScalarSeries>>>;
  /** Runs in the order in which they were first seen: a run keeps its colour. */
  order: Signal<readonly string[]>;
  hiddenRuns: Signal<ReadonlySet<string>>;
  smoothing: Signal<number>;
  log: Signal<boolean>;
  filter: Signal<string>;
  folded: Signal<ReadonlySet<string>>;
  /** Tags whose charts are on the screen. */
  wanted: Signal<ReadonlySet<string>>;
  /** Tags of whose charts it is known whether they are on the screen. */
  placed: Signal<ReadonlySet<string>>;
  /** The step under the pointer, and the axis of the chart that it is in. */
  pointed: Signal<{ axis: ScalarAxis | null; step: number } | null>;
  /** The tag that a finding leads to; its chart comes into view. */
  target: Signal<string | null>;
  groups: ReadonlySignal<TagGroup[]>;
  shownRuns: ReadonlySignal<string[]>;
  /** Every chart on the screen shows the newest values that are known of. */
  settled: ReadonlySignal<boolean>;
}

export function seriesKey(run: string, tag: string): string {
  return `${run}\n${tag}`;
}

/** The series that the charts on the screen need and that are not here, or grew. */
export function missingSeries(scalars: ScalarsState): { run: string; tag: string }[] {
  const index = scalars.index.value;
  if (!index) return [];
  return [...scalars.wanted.value].flatMap((tag) =>
    scalars.shownRuns.value
      .filter((run) => index.runs[run]?.[tag] && !isNewest(scalars, run, tag))
      .map((run) => ({ run, tag })),
  );
}

function isNewest({ index, series }: ScalarsState, run: string, tag: string): boolean {
  const known = series.value[seriesKey(run, tag)];
  const info = index.value?.runs[run]?.[tag];
  if (!known || !info) return false;
  return (known.wall_times.at(-1) ?? 0) >= info.last_wall_time || (known.steps.at(-1) ?? -1) > info.last_step;
}

/** Whether all charts that are not folded away have found out if they are on the screen. */
function isPlaced({ groups, folded, placed }: ScalarsState): boolean {
  const shown = groups.value.filter(({ name }) => !folded.value.has(name));
  return shown.every(({ tags }) => tags.every((tag) => placed.value.has(tag)));
}

export function createScalarsState(): ScalarsState {
  const index = signal<ScalarIndex | null>(null);
  const order = signal<readonly string[]>([]);
  const hiddenRuns = signal<ReadonlySet<string>>(new Set());
  const filter = signal("");
  const shownRuns = computed(() =>
    order.value.filter((run) => index.value?.runs[run] && !hiddenRuns.value.has(run)),
  );
  const scalars: ScalarsState = {
    index,
    series: signal<Readonly<Record<string, ScalarSeries>>>({}),
    order,
    hiddenRuns,
    smoothing: signal(DEFAULT_SMOOTHING),
    log: signal(false),
    filter,
    folded: signal<ReadonlySet<string>>(new Set()),
    wanted: signal<ReadonlySet<string>>(new Set()),
    placed: signal<ReadonlySet<string>>(new Set()),
    pointed: signal<ScalarsState["pointed"]["value"]>(null),
    target: signal<string | null>(null),
    groups: computed(() => groupTags(tagsOf(index.value, shownRuns.value), filter.value)),
    shownRuns,
    settled: computed(() => index.value !== null && isPlaced(scalars) && missingSeries(scalars).length === 0),
  };
  return scalars;
}

/** All tags of these runs, sorted. */
export function tagsOf(index: ScalarIndex | null, runs: readonly string[]): string[] {
  return [...new Set(runs.flatMap((run) => Object.keys(index?.runs[run] ?? {})))].sort();
}

/** What a tag begins with, up to its first slash; "" without a slash. */
export function groupOf(tag: string): string {
  return tag.slice(0, Math.max(0, tag.indexOf("/")));
}

/** Tags that match a filter, by what is before their first slash. */
export function groupTags(tags: readonly string[], filter: string): TagGroup[] {
  const matches = matcher(filter);
  const groups = new Map<string, string[]>();
  for (const tag of tags) {
    if (!matches(tag)) continue;
    const name = groupOf(tag);
    groups.set(name, [...(groups.get(name) ?? []), tag]);
  }
  return [...groups].map(([name, members]) => ({ name, tags: members }));
}

/** A filter is a regular expression; what is none is looked for as it stands. Upper and lower case are the same. */
function matcher(filter: string): (tag: string) => boolean {
  try {
    const pattern = new RegExp(filter, "i");
    return (tag) => pattern.test(tag);
  } catch {
    return (tag) => tag.toLowerCase().includes(filter.toLowerCase());
  }
}

/** What one chart shows of the runs that have its tag. */
export interface ChartRuns {
  axis: ScalarAxis | null;
  drawn: string[];
  /** Of the drawn, those of which it is not known what their steps count, while the axis' unit is. */
  unsure: string[];
  /** Not drawn: their steps count something else than the axis; by what they count. */
  leftOut: { axis: ScalarAxis; runs: string[] }[];
}

/**
 * Sorts the runs of a chart by what their steps count, for one axis has one unit.
 *
 * The axis is that of the run on view if it is drawn, else of the first run of which it is known. Where no run has our
 * records there is only one axis, that of training steps.
 *
 * @param run The run on view.
 * @param shown The runs that are not hidden.
 */
export function chartRuns(
  index: ScalarIndex | null,
  tag: string,
  run: string | null,
  shown: readonly string[],
): ChartRuns {
  const runs = shown.filter((name) => index?.runs[name]?.[tag]);
  const axisOf = (name: string) => index?.runs[name]?.[tag].axis ?? null;
  const isOnView = run !== null && runs.includes(run);
  const known = isOnView ? axisOf(run) : (runs.map(axisOf).find((axis) => axis !== null) ?? null);
  const others = AXES.filter((axis) => axis !== known).map((axis) => ({
    axis,
    runs: runs.filter((name) => axisOf(name) === axis),
  }));
  return {
    axis: known ?? (run === null ? "train_step" : null),
    drawn: runs.filter((name) => axisOf(name) === known || axisOf(name) === null),
    unsure: known === null ? [] : runs.filter((name) => axisOf(name) === null),
    leftOut: others.filter((each) => each.runs.length > 0),
  };
}

import uPlot from "uplot";
import { smooth } from "../state/smoothing";
import type { ScalarSeries } from "../types";

/** One run in a chart. */
export interface Curve {
  run: string;
  color: string;
  dash: readonly number[];
  series: ScalarSeries;
}

/** A curve's values at a logarithmic axis: what is not positive is not drawn. */
function usable(values: readonly (number | null)[], log: boolean): (number | null)[] {
  return values.map((value) => (value !== null && log && value <= 0 ? null : value));
}

/** How many values a logarithmic axis leaves out. */
export function nNotPositive(curves: readonly Curve[]): number {
  return curves.reduce((n, { series }) => n + series.values.filter((v) => v !== null && v <= 0).length, 0);
}

/**
 * The curves on one axis of steps, as uPlot takes them: the steps, then of each curve its values and, if they are
 * smoothed, their average. A step that a run does not have is passed over; a value that is not finite is a gap.
 */
export function alignCurves(curves: readonly Curve[], weight: number, log: boolean): uPlot.AlignedData {
  if (curves.length === 0) return [[]];
  const tables = curves.map(({ series: { steps, values } }): uPlot.AlignedData => {
    const columns = weight > 0 ? [values, smooth(values, weight)] : [values];
    return [steps, ...columns.map((column) => usable(column, log))];
  });
  // 1: nulls stay gaps, beside the steps that only other runs have, which are undefined.
  return uPlot.join(
    tables,
    tables.map((table) => table.map(() => 1)),
  );
}

/** Where values are not finite: step and words, of all curves. */
export function gapsOf(curves: readonly Curve[]): { step: number; color: string; words: string }[] {
  return curves.flatMap(({ run, color, series }) =>
    Object.entries(series.non_finite).map(([place, word]) => ({
      step: series.steps[Number(place)],
      color,
      words: `${run}: ${word} at step ${series.steps[Number(place)]}`,
    })),
  );
}

/** A mark on a curve, and the place that it has: marks closer than `px` to one another become one. */
export interface Mark {
  step: number;
  /** What it says in short. */
  label: string;
  title: string;
  /** What is called when it is clicked, if anything is. */
  onOpen: (() => void) | null;
  kind: "finding" | "abrupt";
}

export interface PlacedMarks {
  x: number;
  marks: Mark[];
}

export function placeMarks(marks: readonly Mark[], xOf: (step: number) => number, px: number): PlacedMarks[] {
  const sorted = marks.map((mark) => ({ x: xOf(mark.step), marks: [mark] })).sort((a, b) => a.x - b.x);
  const placed: PlacedMarks[] = [];
  for (const each of sorted) {
    if (!Number.isFinite(each.x)) continue;
    const last = placed.at(-1);
    if (last && each.x - last.x < px) last.marks.push(...each.marks);
    else placed.push(each);
  }
  return placed;
}

import uPlot from "uplot";
import { integer } from "./format";

export const AXIS_FONT = "11px system-ui, sans-serif";
const MIN_AXIS_PX = 50;
/** The tick and its distance to the words. */
const TICK_PX = 10;

/** A y axis is as wide as its widest words need. */
export function axisWidth({ ctx }: uPlot, words: readonly string[] | null): number {
  ctx.save();
  ctx.font = AXIS_FONT;
  const widths = (words ?? []).map((each) => ctx.measureText(each).width);
  ctx.restore();
  return Math.ceil(Math.max(MIN_AXIS_PX, ...widths.map((width) => width + TICK_PX)));
}

/** Steps and epochs are whole numbers. */
export const WHOLE_STEPS = Array.from({ length: 13 }, (_, power) =>
  [1, 2, 5].map((n) => n * 10 ** power),
).flat();

export function wholeText(_: uPlot, ticks: readonly (number | null)[]): string[] {
  return ticks.map((tick) => (tick === null ? "" : integer(tick)));
}

/** Ends of an axis around values; there are always two ends, and a logarithmic axis ends at powers of ten. */
export function axisRange(low: number | null, high: number | null, log: boolean): [number, number] {
  if (low === null || high === null) return log ? [0.1, 1] : [0, 1];
  if (log) {
    const [first, last] = [Math.floor(Math.log10(low) + 1e-9), Math.ceil(Math.log10(high) - 1e-9)];
    return [10 ** first, 10 ** Math.max(last, first + 1)];
  }
  if (low === high) return low === 0 ? [0, 1] : [low - Math.abs(low) / 2, low + Math.abs(low) / 2];
  return uPlot.rangeNum(low, high, 0.1, true) as [number, number];
}

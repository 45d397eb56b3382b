import { flowColor } from "../../../color/flow_colors";
import { type LogEnds, logShare } from "../../../color/log_scale";
import type { Theme } from "../../../color/palette";

/** What the heat map paints: rows of values over the steps. */
export interface HeatMap {
  rows: readonly { values: Float32Array; empty: boolean }[];
  nSteps: number;
  /** Null: a linear scale from 0 to 1. */
  ends: LogEnds | null;
  theme: Theme;
}

const N_COLORS = 64;

/** Where a value is on the scale, 0..1; -1 for 0 on a logarithmic scale; NaN for unknown. */
export function heatShare(value: number, ends: LogEnds | null): number {
  return ends ? logShare(value, ends) : value;
}

/** Paints the map into a 2D canvas of device pixels: one pixel column shows the step at its middle. */
export function paintHeatMap(
  context: CanvasRenderingContext2D,
  { rows, nSteps, ends, theme }: HeatMap,
  rowPx: number,
): void {
  const { width, height } = context.canvas;
  context.clearRect(0, 0, width, height);
  if (nSteps === 0) return;
  const colors = Array.from({ length: N_COLORS }, (_, i) => flowColor(i / (N_COLORS - 1), "unsigned", theme));
  const gap = rowPx >= 6 ? Math.max(1, Math.round(rowPx / 12)) : 0;
  rows.forEach(({ values, empty }, row) => {
    if (empty) return;
    const top = Math.round(row * rowPx);
    const size = Math.max(1, Math.round((row + 1) * rowPx) - top - gap);
    for (let step = 0; step < nSteps; ) {
      const color = colorAt(values[step], ends, colors);
      let next = step + 1;
      while (next < nSteps && colorAt(values[next], ends, colors) === color) next += 1;
      const left = Math.round((step / nSteps) * width);
      const right = Math.max(left + 1, Math.round((next / nSteps) * width));
      if (color) {
        context.fillStyle = color;
        context.fillRect(left, top, right - left, size);
      }
      step = next;
    }
  });
}

function colorAt(value: number, ends: LogEnds | null, colors: readonly string[]): string {
  const share = heatShare(value, ends);
  if (Number.isNaN(share)) return "";
  return colors[Math.round(Math.min(1, Math.max(0, share)) * (colors.length - 1))];
}

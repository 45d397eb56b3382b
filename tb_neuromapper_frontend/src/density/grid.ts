import { blur2 } from "d3-array";
import type { Box } from "../render/camera";
import { MISSING, type Slice } from "../render/scatter/scene";
import type { Groups } from "./groups";

/** Cells along the larger side of a slice's extent. */
const CELLS = 192;
/** A kernel ends this many standard deviations from its middle. */
const REACH = 3;

/** How the plane of a slice is divided into square cells; a margin around it has room for the kernels. */
export interface Frame {
  /** Side of a cell, and the grid's lower left corner, in the projection's coordinates. */
  cell: number;
  x0: number;
  y0: number;
  width: number;
  height: number;
  /** Standard deviation of the kernel, and width of the margin, in cells. */
  sigma: number;
  margin: number;
}

/** Part of a frame's cells, row by row: how many points there are to a cell, and the same smoothed. */
export interface Window {
  x: number;
  y: number;
  width: number;
  height: number;
  counts: Float32Array;
  values: Float32Array;
}

/** The frame for a slice of which `n` points are shown: the more, the finer the kernel. */
export function frameOf({ extent }: Pick<Slice, "extent">, n: number): Frame {
  const [width, height] = [extent[2] - extent[0], extent[3] - extent[1]];
  const cell = (Math.max(width, height) || 1) / CELLS;
  const sigma = bandwidth(n) * CELLS;
  const margin = Math.ceil(REACH * sigma) + 1;
  return {
    cell,
    x0: extent[0] - margin * cell,
    y0: extent[1] - margin * cell,
    width: Math.ceil(width / cell) + 2 * margin + 1,
    height: Math.ceil(height / cell) + 2 * margin + 1,
    sigma,
    margin,
  };
}

/** Standard deviation of the kernel as a share of the extent's larger side. */
export function bandwidth(n: number): number {
  return Math.min(0.04, Math.max(0.008, 0.075 * Math.max(1, n) ** -0.2));
}

/** The box of a frame's grid in the projection's coordinates. */
export function boxOf({ x0, y0, cell, width, height }: Frame): Box {
  return [x0, y0, x0 + cell * width, y0 + cell * height];
}

/**
 * The points of a group, smoothed by a Gaussian kernel, in the smallest window that holds them.
 *
 * Each point is shared among the four cells around it, then all are blurred by three box filters, so that the cost
 * hardly depends on the number of points.
 *
 * @returns null if none of them has a position.
 */
export function densityOf(slice: Slice, groups: Groups, group: number, frame: Frame): Window | null {
  const rows = groups.rows.subarray(groups.starts[group], groups.starts[group + 1]);
  const window = windowAround(slice, rows, frame);
  if (!window) return null;
  addPoints(slice, rows, frame, window);
  window.values.set(window.counts);
  const radius = (Math.sqrt(4 * frame.sigma ** 2 + 1) - 1) / 2;
  blur2({ data: window.values as unknown as number[], width: window.width, height: window.height }, radius);
  return window;
}

function windowAround({ xy, extent }: Slice, rows: Uint32Array, frame: Frame): Window | null {
  let [left, bottom, right, top] = [MISSING, MISSING, -1, -1];
  for (const row of rows) {
    const x = xy[2 * row];
    const y = xy[2 * row + 1];
    if (x === undefined || (x === MISSING && y === MISSING)) continue;
    if (x < left) left = x;
    if (x > right) right = x;
    if (y < bottom) bottom = y;
    if (y > top) top = y;
  }
  if (right < 0) return null;
  const column = (q: number) => Math.floor(((q / MISSING) * (extent[2] - extent[0])) / frame.cell);
  const line = (q: number) => Math.floor(((q / MISSING) * (extent[3] - extent[1])) / frame.cell);
  const x = column(left);
  const y = line(bottom);
  const width = Math.min(frame.width - x, column(right) - x + 2 * frame.margin + 1);
  const height = Math.min(frame.height - y, line(top) - y + 2 * frame.margin + 1);
  return {
    x,
    y,
    width,
    height,
    counts: new Float32Array(width * height),
    values: new Float32Array(width * height),
  };
}

function addPoints({ xy, extent }: Slice, rows: Uint32Array, frame: Frame, window: Window): void {
  const { width, counts } = window;
  const scaleX = (extent[2] - extent[0]) / MISSING / frame.cell;
  const scaleY = (extent[3] - extent[1]) / MISSING / frame.cell;
  // The middle of a cell is half a cell from its corner.
  const offsetX = frame.margin - window.x - 0.5;
  const offsetY = frame.margin - window.y - 0.5;
  for (let i = 0; i < rows.length; i++) {
    const qx = xy[2 * rows[i]];
    const qy = xy[2 * rows[i] + 1];
    if (qx === undefined || (qx === MISSING && qy === MISSING)) continue;
    const x = qx * scaleX + offsetX;
    const y = qy * scaleY + offsetY;
    const column = Math.floor(x);
    const line = Math.floor(y);
    const [tx, ty] = [x - column, y - line];
    const at = line * width + column;
    counts[at] += (1 - tx) * (1 - ty);
    counts[at + 1] += tx * (1 - ty);
    counts[at + width] += (1 - tx) * ty;
    counts[at + width + 1] += tx * ty;
  }
}

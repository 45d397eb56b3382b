import { type Affine, apply, type Box } from "../camera";
import { Level, MISSING, type Panel } from "./scene";

/** Points on their way from one slice to another, as `mix` blends them. */
export interface BlendedPoints extends Pick<Panel, "from" | "to" | "mix"> {
  /** From the projection's coordinates to pixels. */
  toPixels: Affine;
}

/** Some points: their rows, ascending, and where each is, in pixels. */
export interface FoundPoints {
  rows: number[];
  x: number[];
  y: number[];
}

/**
 * The points in a box (pixels: left, top, right, bottom), of those that can be seen as themselves or in grey.
 *
 * Brute force over the blended positions: 0.35 ms at 100,000 points. Only what lies in the box takes memory.
 */
export function blendedInBox(
  { from, to, mix, toPixels }: BlendedPoints,
  levels: Uint8Array,
  [left, top, right, bottom]: Box,
): FoundPoints {
  const m = quantizedToPixels(toPixels, from.extent);
  const n = quantizedToPixels(toPixels, to.extent);
  const a = from.xy;
  const b = to.xy;
  const nRows = Math.min(levels.length, a.length / 2, b.length / 2);
  const rows: number[] = [];
  const xs: number[] = [];
  const ys: number[] = [];
  for (let row = 0; row < nRows; row++) {
    if (levels[row] < Level.normal) continue;
    const ax = a[2 * row];
    const ay = a[2 * row + 1];
    const bx = b[2 * row];
    const by = b[2 * row + 1];
    const noFrom = ax === MISSING && ay === MISSING;
    const noTo = bx === MISSING && by === MISSING;
    if (noFrom && noTo) continue;
    const t = noFrom ? 1 : noTo ? 0 : mix;
    const x = (1 - t) * (m.a * ax + m.c * ay + m.e) + t * (n.a * bx + n.c * by + n.e);
    const y = (1 - t) * (m.b * ax + m.d * ay + m.f) + t * (n.b * bx + n.d * by + n.f);
    // Outside: both differences have one sign. A branch per axis is predicted better than one per side.
    if ((x - left) * (x - right) > 0 || (y - top) * (y - bottom) > 0) continue;
    rows.push(row);
    xs.push(x);
    ys.push(y);
  }
  return { rows, x: xs, y: ys };
}

/** The map from uint16 positions to pixels. */
function quantizedToPixels(m: Affine, extent: Box): Affine {
  const sx = (extent[2] - extent[0]) / MISSING;
  const sy = (extent[3] - extent[1]) / MISSING;
  const [e, f] = apply(m, extent[0], extent[1]);
  return { a: m.a * sx, b: m.b * sx, c: m.c * sy, d: m.d * sy, e, f };
}

import { type Affine, apply } from "../camera";
import { Level, MISSING, type Panel } from "./scene";

export interface Pickable extends Pick<Panel, "from" | "to" | "mix"> {
  /** From the projection's coordinates to pixels. */
  toPixels: Affine;
}

/**
 * The row nearest to the pixel (px, py), at most `radius` pixels away; -1 without any. Of equals the last drawn wins.
 *
 * Brute force over the mixed positions: 0.35 ms at 100,000 points.
 */
export function pick(panel: Pickable, levels: Uint8Array, px: number, py: number, radius: number): number {
  const from = quantizedToPixels(panel.toPixels, panel.from.extent);
  const to = quantizedToPixels(panel.toPixels, panel.to.extent);
  const a = panel.from.xy;
  const b = panel.to.xy;
  const n = Math.min(levels.length, a.length / 2, b.length / 2);
  let best = -1;
  let bestDistance = radius * radius;
  for (let row = 0; row < n; row++) {
    if (levels[row] < Level.normal) continue;
    const ax = a[2 * row];
    const ay = a[2 * row + 1];
    const bx = b[2 * row];
    const by = b[2 * row + 1];
    const noFrom = ax === MISSING && ay === MISSING;
    const noTo = bx === MISSING && by === MISSING;
    if (noFrom && noTo) continue;
    const t = noFrom ? 1 : noTo ? 0 : panel.mix;
    const x = (1 - t) * (from.a * ax + from.c * ay + from.e) + t * (to.a * bx + to.c * by + to.e) - px;
    const y = (1 - t) * (from.b * ax + from.d * ay + from.f) + t * (to.b * bx + to.d * by + to.f) - py;
    const distance = x * x + y * y;
    if (distance <= bestDistance) {
      best = row;
      bestDistance = distance;
    }
  }
  return best;
}

/** The map from uint16 positions to pixels. */
export function quantizedToPixels(m: Affine, extent: readonly [number, number, number, number]): Affine {
  const sx = (extent[2] - extent[0]) / MISSING;
  const sy = (extent[3] - extent[1]) / MISSING;
  const [e, f] = apply(m, extent[0], extent[1]);
  return { a: m.a * sx, b: m.b * sx, c: m.c * sy, d: m.d * sy, e, f };
}

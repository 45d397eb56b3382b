import { type Pickable, quantizedToPixels } from "./picking";
import { Level, MISSING } from "./scene";

export type Point = readonly [number, number];

/**
 * The rows whose mixed position lies in the polygon (pixels, even-odd rule), of those that can be seen as themselves
 * or in grey; ascending.
 */
export function rowsInPolygon(panel: Pickable, levels: Uint8Array, polygon: readonly Point[]): number[] {
  if (polygon.length < 3) return [];
  const [left, top, right, bottom] = boxAround(polygon);
  const from = quantizedToPixels(panel.toPixels, panel.from.extent);
  const to = quantizedToPixels(panel.toPixels, panel.to.extent);
  const a = panel.from.xy;
  const b = panel.to.xy;
  const n = Math.min(levels.length, a.length / 2, b.length / 2);
  const rows: number[] = [];
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
    const x = (1 - t) * (from.a * ax + from.c * ay + from.e) + t * (to.a * bx + to.c * by + to.e);
    const y = (1 - t) * (from.b * ax + from.d * ay + from.f) + t * (to.b * bx + to.d * by + to.f);
    if (x < left || x > right || y < top || y > bottom) continue;
    if (isInside(polygon, x, y)) rows.push(row);
  }
  return rows;
}

function boxAround(polygon: readonly Point[]): [number, number, number, number] {
  let [left, top] = polygon[0];
  let [right, bottom] = polygon[0];
  for (const [x, y] of polygon) {
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return [left, top, right, bottom];
}

/** A ray to the right crosses an odd number of edges. */
function isInside(polygon: readonly Point[], x: number, y: number): boolean {
  let inside = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [xi, yi] = polygon[i];
    const [xj, yj] = polygon[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}

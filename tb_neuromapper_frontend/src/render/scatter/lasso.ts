import type { Box } from "../camera";
import { type BlendedPoints, blendedInBox } from "./blended";

export type Point = readonly [number, number];

/** The rows in the polygon (pixels, even-odd rule), of those that can be seen as themselves or in grey; ascending. */
export function rowsInPolygon(
  points: BlendedPoints,
  levels: Uint8Array,
  polygon: readonly Point[],
): number[] {
  if (polygon.length < 3) return [];
  const near = blendedInBox(points, levels, boxAround(polygon));
  const rows: number[] = [];
  for (let i = 0; i < near.rows.length; i++) {
    if (isInside(polygon, near.x[i], near.y[i])) rows.push(near.rows[i]);
  }
  return rows;
}

/** The corners of a box, from two opposite ones. */
export function boxBetween([x0, y0]: Point, [x1, y1]: Point): Point[] {
  return [
    [x0, y0],
    [x1, y0],
    [x1, y1],
    [x0, y1],
  ];
}

function boxAround(polygon: readonly Point[]): Box {
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
  // Indexed and not taken apart, as this is most of the time that a lasso takes.
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const p = polygon[i];
    const q = polygon[j];
    if (p[1] > y !== q[1] > y && x < ((q[0] - p[0]) * (y - p[1])) / (q[1] - p[1]) + p[0]) inside = !inside;
  }
  return inside;
}

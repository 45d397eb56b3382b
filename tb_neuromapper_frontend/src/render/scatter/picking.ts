import { type BlendedPoints, blendedInBox } from "./blended";

/** The row nearest to the pixel (px, py), at most `radius` pixels away; -1 without any. Of equals the last drawn wins. */
export function pick(
  points: BlendedPoints,
  levels: Uint8Array,
  px: number,
  py: number,
  radius: number,
): number {
  const near = blendedInBox(points, levels, [px - radius, py - radius, px + radius, py + radius]);
  let best = -1;
  let bestDistance = radius * radius;
  for (const [i, row] of near.rows.entries()) {
    const distance = (near.x[i] - px) ** 2 + (near.y[i] - py) ** 2;
    if (distance <= bestDistance) {
      best = row;
      bestDistance = distance;
    }
  }
  return best;
}

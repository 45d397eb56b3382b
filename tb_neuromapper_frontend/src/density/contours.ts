import { contours } from "d3-contour";
import type { Lines, Slice } from "../render/scatter/scene";
import { densityOf, type Frame, frameOf, type Window } from "./grid";
import type { Groups } from "./groups";

/** A line encloses this share of a group's points. */
export const SHARES_OF_ALL = [0.25, 0.5, 0.75, 0.95] as const;
export const SHARES_OF_CLASS = [0.5, 0.95] as const;
/** A smaller group has no lines: they would be nothing but rings around its points. */
export const FEWEST = 5;

export interface ContourOptions {
  /** Each line encloses one of these shares of its group. */
  shares: readonly number[];
  /** RGB of a group's lines, 0..255. */
  color: (index: number) => readonly [number, number, number];
}

/**
 * The lines of equal density of each group, in the projection's coordinates: where the groups' points are, smoothed.
 *
 * Pauses after each group, so that its caller can go on in the next frame.
 *
 * Source: marching squares (d3-contour) on a kernel density estimate; highest density regions: Hyndman 1996.
 */
export function* contourLines(
  slice: Slice,
  groups: Groups,
  { shares, color }: ContourOptions,
): Generator<void, Lines> {
  const ends: number[] = [];
  const colors: number[] = [];
  const frame = frameOf(slice, groups.rows.length);
  for (const [group, index] of groups.classes.entries()) {
    if (groups.starts[group + 1] - groups.starts[group] < FEWEST) continue;
    const density = densityOf(slice, groups, group, frame);
    if (!density) continue;
    const before = ends.length;
    for (const level of levelsOf(density, shares)) addLines(density, frame, level, ends);
    const rgb = color(index);
    for (let i = before; i < ends.length; i += 4) colors.push(...rgb, 255);
    yield;
  }
  return { ends: Float32Array.from(ends), colors: Uint8Array.from(colors) };
}

/** For each share, ascending, the density above which that share of the points lies. */
export function levelsOf(
  { counts, values }: Pick<Window, "counts" | "values">,
  shares: readonly number[],
): number[] {
  const cells: number[] = [];
  for (let cell = 0; cell < counts.length; cell++) if (counts[cell] > 0) cells.push(cell);
  cells.sort((a, b) => values[b] - values[a]);
  const total = cells.reduce((sum, cell) => sum + counts[cell], 0);
  const levels: number[] = [];
  let n = 0;
  for (const cell of cells) {
    n += counts[cell];
    // The counts are sums of fractions.
    while (levels.length < shares.length && n >= shares[levels.length] * total - 1e-3)
      levels.push(values[cell]);
  }
  return levels;
}

function addLines(
  { values, x, y, width, height }: Window,
  frame: Frame,
  level: number,
  ends: number[],
): void {
  const { coordinates } = contours()
    .size([width, height])
    .contour(values as unknown as number[], level);
  const place = ([column, line]: number[]) =>
    [frame.x0 + (x + column) * frame.cell, frame.y0 + (y + line) * frame.cell] as const;
  for (const ring of coordinates.flat()) {
    for (let i = 1; i < ring.length; i++) ends.push(...place(ring[i - 1]), ...place(ring[i]));
  }
}

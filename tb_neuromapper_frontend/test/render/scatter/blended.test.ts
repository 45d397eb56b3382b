import { expect, it } from "vitest";
import { apply } from "../../../src/render/camera";
import { type BlendedPoints, blendedInBox } from "../../../src/render/scatter/blended";
import { Level, MISSING, positionOf, type Slice } from "../../../src/render/scatter/scene";

const N = 300;
/** Numbers that follow no order, the same each time. */
const hash = (seed: number) => (Math.imul(seed + 1, 2654435761) >>> 0) % MISSING;

function slice(seed: number, extent: Slice["extent"], missing: readonly number[]): Slice {
  const xy = Uint16Array.from({ length: 2 * N }, (_, i) => hash(seed * 2 * N + i));
  for (const row of missing) xy.fill(MISSING, 2 * row, 2 * row + 2);
  return { xy, extent };
}

const points: BlendedPoints = {
  from: slice(1, [-4, -4, 4, 4], [1, 2]),
  to: slice(2, [-6, -3, 5, 3], [2, 3]),
  mix: 0.3,
  toPixels: { a: 30, b: 4, c: 5, d: -30, e: 200, f: 150 },
};
const levels = Uint8Array.from({ length: N }, (_, row) => (row < 4 ? Level.normal : hash(row) % 4));

/** The obviously right way: each row's place by itself. */
function plainInBox([left, top, right, bottom]: readonly number[]) {
  return [...levels.keys()].flatMap((row) => {
    const position = positionOf(points, row);
    if (levels[row] < Level.normal || !position) return [];
    const [x, y] = apply(points.toPixels, ...position);
    return x >= left && x <= right && y >= top && y <= bottom ? [{ row, x, y }] : [];
  });
}

it.each([
  [[-1e9, -1e9, 1e9, 1e9]],
  [[100, 100, 300, 200]],
  [[0, -1e9, 200, 1e9]],
  [[500, 0, 400, 100]],
] as const)("what is in the box %j is what looking at each point finds", (box) => {
  const found = blendedInBox(points, levels, box);
  const plain = plainInBox(box);
  expect(found.rows).toEqual(plain.map(({ row }) => row));
  for (const [i, { x, y }] of plain.entries()) {
    expect(found.x[i]).toBeCloseTo(x, 6);
    expect(found.y[i]).toBeCloseTo(y, 6);
  }
});

it("a point that one slice lacks is where the other has it; one that both lack is nowhere", () => {
  const { rows } = blendedInBox(points, levels, [-1e9, -1e9, 1e9, 1e9]);
  expect([1, 2, 3].map((row) => rows.includes(row))).toEqual([true, false, true]);
});

it("a point on the box's edge is in it", () => {
  const all = blendedInBox(points, levels, [-1e9, -1e9, 1e9, 1e9]);
  const [x, y] = [all.x[5], all.y[5]];
  expect(blendedInBox(points, levels, [x, y, x, y]).rows).toEqual([all.rows[5]]);
});

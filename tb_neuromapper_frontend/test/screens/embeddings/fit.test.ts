import { expect, it } from "vitest";
import { MISSING, type Slice } from "../../../src/render/scatter/scene";
import { boundsOfSlice, createFits, holds, unionOfBoxes } from "../../../src/screens/embeddings/draw/fit";
import type { Projection } from "../../../src/screens/embeddings/types";

const EXTENT = [-10, -10, 10, 10] as const;

function square(half: number): Slice {
  const q = (value: number) => Math.round(((value + 10) / 20) * 65534);
  return { xy: Uint16Array.from([q(-half), q(-half), q(half), q(half), MISSING, MISSING]), extent: EXTENT };
}

function sideOf(box: readonly number[]): number {
  return box[2] - box[0];
}

const PROJECTION = { id: "a", steps: [0, 1], extent: [-10, -10, 10, 10] } as unknown as Projection;

it("the bounds hold all points that have a place", () => {
  const [x0, y0, x1, y1] = boundsOfSlice(square(2)) as readonly number[];
  for (const [edge, value] of [
    [x0, -2],
    [y0, -2],
    [x1, 2],
    [y1, 2],
  ]) {
    expect(edge).toBeCloseTo(value, 2);
  }
  expect(boundsOfSlice({ xy: Uint16Array.from([MISSING, MISSING]), extent: EXTENT })).toBeNull();
});

it("a union holds all boxes", () => {
  expect(unionOfBoxes([])).toBeNull();
  expect(
    unionOfBoxes([
      [0, 1, 2, 3],
      [-1, 2, 1, 9],
    ]),
  ).toEqual([-1, 1, 2, 9]);
});

it("a box is kept while the points fill it well enough", () => {
  expect(holds([0, 0, 10, 10], [1, 1, 9.5, 9.5])).toBe(true);
  expect(holds([0, 0, 10, 10], [4, 4, 6, 6])).toBe(false);
  expect(holds([0, 0, 10, 10], [1, 1, 11, 9])).toBe(false);
});

it("points that come later widen the view softly, and nothing changes without new ones", () => {
  const slices: Record<number, Slice> = {};
  const fits = createFits({ peek: (_, step) => slices[step] }, () => false);
  expect(fits.box(PROJECTION, 0)).toEqual(PROJECTION.extent);
  slices[0] = square(2);
  expect(sideOf(fits.box(PROJECTION, 0))).toBeCloseTo(4, 2);
  slices[1] = square(6);
  expect(sideOf(fits.box(PROJECTION, 1))).toBeCloseTo(4, 2);
  fits.refresh();
  expect(sideOf(fits.box(PROJECTION, 1))).toBeCloseTo(4, 2);
  expect(fits.isActive(1.1)).toBe(true);
  expect(sideOf(fits.box(PROJECTION, 1.2))).toBeGreaterThan(4.5);
  expect(sideOf(fits.box(PROJECTION, 2))).toBeCloseTo(12, 2);
  expect(fits.isActive(2)).toBe(false);
});

it("a view that was a little too large while the layout changed fits when it is done", () => {
  const slices: Record<number, Slice> = { 0: square(2), 1: square(6) };
  const fits = createFits({ peek: (_, step) => slices[step] }, () => false);
  const running: Projection = { ...PROJECTION, state: "running" };
  expect(sideOf(fits.box(running, 0))).toBeCloseTo(12, 2);
  slices[1] = square(5);
  fits.refresh();
  expect(sideOf(fits.box(running, 1))).toBeCloseTo(12, 2);
  fits.refresh();
  fits.box({ ...running, state: "done" }, 2);
  expect(sideOf(fits.box({ ...running, state: "done" }, 3))).toBeCloseTo(10, 2);
});

it("a view stays when a finished layout's epochs are dropped from memory", () => {
  const slices: Record<number, Slice> = { 0: square(5), 1: square(6) };
  const fits = createFits({ peek: (_, step) => slices[step] }, () => false);
  const done: Projection = { ...PROJECTION, state: "done" };
  expect(sideOf(fits.box(done, 0))).toBeCloseTo(12, 2);
  delete slices[1];
  fits.refresh();
  fits.box(done, 1);
  expect(sideOf(fits.box(done, 2))).toBeCloseTo(12, 2);
});

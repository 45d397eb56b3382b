import { describe, expect, it } from "vitest";
import { HOME, toPixels } from "../../../src/render/camera";
import { type Point, rowsInPolygon } from "../../../src/render/scatter/lasso";
import { Level, MISSING } from "../../../src/render/scatter/scene";

describe("a lasso", () => {
  const size = { width: 100, height: 100 };
  const extent = [0, 0, 1, 1] as const;
  const xy = new Uint16Array([
    0,
    0,
    32768,
    32768,
    65534,
    65534,
    32768,
    60000,
    MISSING,
    MISSING,
    30000,
    33000,
  ]);
  const slice = { xy, extent };
  const panel = { from: slice, to: slice, mix: 0, toPixels: toPixels(HOME, extent, size) };
  const normal = new Uint8Array(6).fill(Level.normal);
  const box: Point[] = [
    [30, 30],
    [70, 30],
    [70, 70],
    [30, 70],
  ];

  it("holds the points inside of it", () => {
    expect(rowsInPolygon(panel, normal, box)).toEqual([1, 5]);
  });

  it("leaves out what is hidden or faded, and takes what is grey", () => {
    const levels = Uint8Array.from([2, Level.gray, 2, 2, 2, Level.faded]);
    expect(rowsInPolygon(panel, levels, box)).toEqual([1]);
  });

  it("may be concave", () => {
    const hook: Point[] = [
      [0, 0],
      [100, 0],
      [100, 100],
      [51, 55],
      [0, 100],
      [0, 60],
      [60, 40],
      [0, 40],
    ];
    const inside = rowsInPolygon(panel, normal, hook);
    expect(inside).toContain(3);
    expect(inside).toContain(2);
    expect(inside).not.toContain(4);
  });

  it("has three corners at least", () => {
    expect(rowsInPolygon(panel, normal, [])).toEqual([]);
    expect(rowsInPolygon(panel, normal, box.slice(0, 2))).toEqual([]);
  });

  it("looks at the place between two epochs", () => {
    const to = { xy: new Uint16Array(12).fill(65534), extent };
    expect(rowsInPolygon({ ...panel, to, mix: 1 }, normal, box)).toEqual([]);
  });
});

import { describe, expect, it } from "vitest";
import {
  apply,
  type Box,
  type Camera,
  HOME,
  invert,
  MAX_ZOOM,
  MIN_ZOOM,
  panBy,
  toClip,
  toPixels,
  zoomAt,
} from "../../src/render/camera";

const EXTENT: Box = [-8, -2, 12, 6];
const SIZE = { width: 300, height: 200 };
const TURNED: Camera = { x: 0.1, y: -0.05, zoom: 3, rotation: 30, mirrored: true };

describe("toPixels", () => {
  it("puts the middle of the extent into the middle of the view", () => {
    const [x, y] = apply(toPixels(HOME, EXTENT, SIZE), 2, 2);
    expect(x).toBeCloseTo(150, 9);
    expect(y).toBeCloseTo(100, 9);
  });

  it("shows the whole extent at zoom 1", () => {
    const m = toPixels(HOME, EXTENT, SIZE);
    for (const [x, y] of [apply(m, -8, -2), apply(m, 12, 6)]) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x).toBeLessThanOrEqual(300);
      expect(y).toBeGreaterThanOrEqual(0);
      expect(y).toBeLessThanOrEqual(200);
    }
  });

  it("keeps shapes: a unit is as long upwards as sideways, turned and mirrored or not", () => {
    for (const camera of [HOME, TURNED]) {
      const m = toPixels(camera, EXTENT, SIZE);
      expect(Math.hypot(m.a, m.b)).toBeCloseTo(Math.hypot(m.c, m.d), 9);
    }
  });

  it("draws y upwards, and x to the left if mirrored", () => {
    const upright = toPixels(HOME, EXTENT, SIZE);
    expect(apply(upright, 2, 3)[1]).toBeLessThan(apply(upright, 2, 2)[1]);
    const mirrored = toPixels({ ...HOME, mirrored: true }, EXTENT, SIZE);
    expect(apply(mirrored, 3, 2)[0]).toBeLessThan(apply(mirrored, 2, 2)[0]);
  });

  it("turns counter-clockwise", () => {
    const m = toPixels({ ...HOME, rotation: 90 }, EXTENT, SIZE);
    const [x, y] = apply(m, 3, 2);
    expect(x).toBeCloseTo(150, 9);
    expect(y).toBeLessThan(100);
  });

  it("fits a wide extent into a wide view, turned or not, as large as it goes", () => {
    const wide: Box = [0, 0, 30, 10];
    for (const rotation of [0, 30, 90, 200]) {
      const m = toPixels({ ...HOME, rotation }, wide, SIZE);
      const corners = [
        [0, 0],
        [30, 0],
        [0, 10],
        [30, 10],
      ].map(([x, y]) => apply(m, x, y));
      const share = (values: number[], room: number) => (Math.max(...values) - Math.min(...values)) / room;
      const across = share(
        corners.map(([x]) => x),
        300,
      );
      const up = share(
        corners.map(([, y]) => y),
        200,
      );
      expect(Math.max(across, up)).toBeCloseTo(0.94, 6);
    }
  });

  it("shows an extent without any size", () => {
    expect(apply(toPixels(HOME, [1, 1, 1, 1], SIZE), 1, 1)).toEqual([150, 100]);
  });
});

it("toClip is toPixels in the coordinates of a viewport", () => {
  const [px, py] = apply(toPixels(TURNED, EXTENT, SIZE), 5, 1);
  const [cx, cy] = apply(toClip(TURNED, EXTENT, SIZE), 5, 1);
  expect(cx).toBeCloseTo((2 * px) / 300 - 1, 9);
  expect(cy).toBeCloseTo(1 - (2 * py) / 200, 9);
});

it("invert leads back", () => {
  const m = toPixels(TURNED, EXTENT, SIZE);
  const [x, y] = apply(invert(m), ...apply(m, 3.5, -1));
  expect(x).toBeCloseTo(3.5, 9);
  expect(y).toBeCloseTo(-1, 9);
});

describe.each([
  ["home", HOME],
  ["turned", TURNED],
])("from the camera %s", (_, camera) => {
  it("zooming keeps what is under the pointer there", () => {
    const [x, y] = apply(invert(toPixels(camera, EXTENT, SIZE)), 70, 150);
    const after = apply(toPixels(zoomAt(camera, 2.5, [70, 150], EXTENT, SIZE), EXTENT, SIZE), x, y);
    expect(after[0]).toBeCloseTo(70, 6);
    expect(after[1]).toBeCloseTo(150, 6);
  });

  it("panning moves the picture by as many pixels", () => {
    const [x, y] = apply(toPixels(camera, EXTENT, SIZE), 4, 4);
    const after = apply(toPixels(panBy(camera, [13, -8], EXTENT, SIZE), EXTENT, SIZE), 4, 4);
    expect(after[0]).toBeCloseTo(x + 13, 6);
    expect(after[1]).toBeCloseTo(y - 8, 6);
  });
});

it("zooming stays within its bounds", () => {
  expect(zoomAt(HOME, 1e9, [0, 0], EXTENT, SIZE).zoom).toBe(MAX_ZOOM);
  expect(zoomAt(HOME, 1e-9, [0, 0], EXTENT, SIZE).zoom).toBe(MIN_ZOOM);
});

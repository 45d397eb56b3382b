import { expect, it } from "vitest";
import { appearanceOf } from "../../../src/screens/embeddings/draw/scene";
import {
  appearanceFromParams,
  appearanceToParams,
  DEFAULT_APPEARANCE,
  toFactor,
} from "../../../src/screens/embeddings/state/appearance";

it("factors are kept within their bounds, in two digits", () => {
  expect([
    toFactor("1.4142"),
    toFactor("1e9"),
    toFactor("-3"),
    toFactor("x"),
    toFactor(""),
    toFactor(undefined),
  ]).toEqual([1.4, 4, 0.25, null, null, null]);
});

it("what is at its default is not in a link", () => {
  expect(appearanceToParams(DEFAULT_APPEARANCE)).toEqual({});
  expect(appearanceFromParams({})).toBeNull();
  expect(appearanceFromParams({ size: "1", opacity: "1", contours: "off" })).toBeNull();
});

it("the more points, the smaller and the fainter; never out of sight", () => {
  const looks = [100, 1000, 10_000, 100_000, 1_000_000].map((n) =>
    appearanceOf(n, { width: 400, height: 300 }, 1),
  );
  const descending = (values: number[]) => values.every((value, i) => i === 0 || value <= values[i - 1]);
  expect(descending(looks.map(({ diameter }) => diameter))).toBe(true);
  expect(descending(looks.map(({ opacity }) => opacity))).toBe(true);
  expect(looks[0]).toEqual({ diameter: expect.closeTo(6.4, 0), opacity: 0.95 });
  expect(looks[4].diameter).toBeGreaterThan(1.5);
  expect(looks[4].opacity).toBeGreaterThan(0.3);
});

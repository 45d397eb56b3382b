import { describe, expect, it } from "vitest";
import { logEnds, logShare, logTicks, powerOfTen } from "../../src/color/log_scale";

describe("logShare", () => {
  it("is linear in the exponent, whatever the sign", () => {
    expect(logShare(1e-6, [1e-6, 1e-2])).toBe(0);
    expect(logShare(1e-4, [1e-6, 1e-2])).toBeCloseTo(0.5);
    expect(logShare(-1e-2, [1e-6, 1e-2])).toBe(1);
  });

  it("stops at the ends, and tells zero and unknown apart from them", () => {
    expect(logShare(1, [1e-6, 1e-2])).toBe(1);
    expect(logShare(1e-9, [1e-6, 1e-2])).toBe(0);
    expect(logShare(0, [1e-6, 1e-2])).toBe(-1);
    expect(logShare(Number.NaN, [1e-6, 1e-2])).toBeNaN();
    expect(logShare(Number.POSITIVE_INFINITY, [1e-6, 1e-2])).toBe(1);
  });
});

describe("logTicks", () => {
  it("are powers of ten from end to end", () => {
    expect(logTicks([1e-3, 1])).toEqual([1e-3, 1e-2, 1e-1, 1]);
    expect(logTicks([1e-3, 1e-2])).toEqual([1e-3, 1e-2]);
  });

  it("become fewer on a long scale, which keeps both ends", () => {
    const ticks = logTicks([1e-9, 1], 4);
    expect(ticks.length).toBeLessThanOrEqual(5);
    expect(ticks[0]).toBeCloseTo(1e-9, 15);
    expect(ticks.at(-1)).toBe(1);
  });
});

describe("powerOfTen", () => {
  it("writes exponents", () => {
    expect([1, 10, 100, 1e-5, 1e-12].map(powerOfTen)).toEqual(["1", "10", "10²", "10⁻⁵", "10⁻¹²"]);
  });
});

describe("logEnds", () => {
  it("are powers of ten around almost all values", () => {
    expect(logEnds([0.002, -0.5, 0, Number.NaN, 0.03])).toEqual([1e-3, 1]);
    expect(logEnds([0.1, 0.1])).toEqual([1e-2, 1e-1]);
  });

  it("span at most six decades, and are null without values", () => {
    const [low, high] = logEnds([1e-30, 1e-20, 1]) as readonly [number, number];
    expect(high / low).toBeCloseTo(1e6, 0);
    expect(logEnds([0, Number.NaN])).toBeNull();
  });
});

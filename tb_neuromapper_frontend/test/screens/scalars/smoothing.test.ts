import { describe, expect, it } from "vitest";
import { smooth, valueAtStep } from "../../../src/screens/scalars/state/smoothing";

/** The same by its definition: the weighted mean of all values so far, the newest weighing most. */
function plainTwin(values: number[], weight: number): number[] {
  return values.map((_, last) => {
    const weights = values.slice(0, last + 1).map((_, index) => weight ** (last - index));
    const total = weights.reduce((sum, each) => sum + each, 0);
    return weights.reduce((sum, each, index) => sum + each * values[index], 0) / total;
  });
}

describe("smooth", () => {
  const values = [3, 1, 4, 1, 5, 9, 2, 6];

  it("is the weighted mean of all values so far", () => {
    const found = smooth(values, 0.6);
    plainTwin(values, 0.6).forEach((expected, index) => {
      expect(found[index]).toBeCloseTo(expected, 10);
    });
  });

  it("begins at the first value and changes nothing at weight 0", () => {
    expect(smooth(values, 0.9)[0]).toBeCloseTo(3, 10);
    expect(smooth(values, 0)).toEqual(values);
  });

  it("leaves constant values exactly as they are", () => {
    expect(smooth([0.1, 0.1, null, 0.1], 0.99)).toEqual([0.1, 0.1, null, 0.1]);
  });

  it("goes on after a value that is not finite as if it were not there", () => {
    const [first, gap, second] = smooth([3, null, 1], 0.6);
    expect(gap).toBeNull();
    expect([first, second]).toEqual(smooth([3, 1], 0.6));
  });
});

describe("valueAtStep", () => {
  it("is the last known value at or before the step", () => {
    expect(valueAtStep([0, 10, 20], [1, null, 3], 15)).toBe(1);
    expect(valueAtStep([0, 10, 20], [1, null, 3], 20)).toBe(3);
    expect(valueAtStep([5], [1], 4)).toBeNull();
  });
});

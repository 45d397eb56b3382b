import { expect, it } from "vitest";
import { axisRange } from "../../src/ui/axes";

it("a logarithmic axis ends at powers of ten, and has at least one decade", () => {
  expect(axisRange(0.02, 0.3, true)).toEqual([0.01, 1]);
  expect(axisRange(1, 1, true)).toEqual([1, 10]);
});

it("an axis around one value has it inside", () => {
  expect(axisRange(0, 0, false)).toEqual([0, 1]);
  expect(axisRange(-2, -2, false)).toEqual([-3, -1]);
  expect(axisRange(null, null, false)).toEqual([0, 1]);
});

it("an axis around several values holds them", () => {
  const [low, high] = axisRange(0.31, 0.68, false);
  expect(low).toBeLessThanOrEqual(0.31);
  expect(high).toBeGreaterThanOrEqual(0.68);
});

import { expect, it } from "vitest";
import { count, number, percent, scaleEnd, scientific } from "../../src/ui/format";

it("one thing is singular, thousands are grouped", () => {
  expect(count(1, "epoch")).toBe("1 epoch");
  expect(count(10000, "sample")).toBe("10,000 samples");
});

it("percent claims none or all only if it is so", () => {
  expect([0, 0.001, 0.5, 0.999, 1].map(percent)).toEqual(["0 %", "< 1 %", "50 %", "> 99 %", "100 %"]);
});

it("an end of a scale is a number also where it is small", () => {
  expect([scaleEnd(0.0034, "%"), scaleEnd(1, "%"), scaleEnd(0.0034, "")]).toEqual([
    "0.34 %",
    "100 %",
    "0.0034",
  ]);
});

it("numbers have three digits, a real minus, and words where there is no number", () => {
  const values = [1.23456, -0.5, 1200000, 3.4e-9, Number.NaN, Number.POSITIVE_INFINITY];
  expect(values.map(number)).toEqual(["1.23", "−0.5", "1200000", "3.4e−9", "not a number", "infinite"]);
});

it("small and large numbers have a power of ten", () => {
  expect([0.5, 99999, 123456, 1e6, 1e-4, -2.5e-7].map(scientific)).toEqual([
    "0.5",
    "100000",
    "1.23·10⁵",
    "10⁶",
    "10⁻⁴",
    "−2.50·10⁻⁷",
  ]);
});

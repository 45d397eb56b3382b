import { expect, it } from "vitest";
import { count, number, percent } from "../src/ui/format";

it("one thing is singular, thousands are grouped", () => {
  expect(count(1, "epoch")).toBe("1 epoch");
  expect(count(10000, "sample")).toBe("10,000 samples");
});

it("percent claims none or all only if it is so", () => {
  expect([0, 0.001, 0.5, 0.999, 1].map(percent)).toEqual(["0 %", "< 1 %", "50 %", "> 99 %", "100 %"]);
});

it("numbers have three digits, a real minus, and words where there is no number", () => {
  const values = [1.23456, -0.5, 1200000, 3.4e-9, Number.NaN, Number.POSITIVE_INFINITY];
  expect(values.map(number)).toEqual(["1.23", "−0.5", "1200000", "3.4e−9", "not a number", "infinite"]);
});

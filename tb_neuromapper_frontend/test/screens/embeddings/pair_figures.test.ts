import { expect, it } from "vitest";
import { spreadRatio, valueAt } from "../../../src/screens/embeddings/state/pair_figures";

it("an accuracy is the last that was logged", () => {
  const series: [number, number][] = [
    [1, 0.5],
    [3, 0.7],
  ];
  expect([0, 1, 2, 3, 9].map((step) => valueAt(series, step))).toEqual([null, 0.5, 0.5, 0.7, 0.7]);
});

it("the spread compares distances in a class with those between classes", () => {
  const extent = [0, 0, 65535, 65535] as const;
  const xy = Uint16Array.of(0, 0, 2, 0, 100, 0, 102, 0, 65535, 65535);
  expect(spreadRatio({ xy, extent }, [0, 0, 1, 1, 1])).toBeCloseTo(1 / 50, 9);
  expect(spreadRatio({ xy, extent }, [0, 0, 0, 0, 0])).toBeNull();
  expect(spreadRatio({ xy, extent }, [-1, -1, -1, -1, -1])).toBeNull();
});

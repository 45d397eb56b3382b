import { describe, expect, it } from "vitest";
import { alignCurves, gapsOf, nNotPositive, placeMarks } from "../../../src/screens/scalars/draw/curves";
import { hasEnded } from "../../../src/screens/scalars/parts/readout";

describe("curves", () => {
  const curve = (run: string, steps: number[], values: (number | null)[], words = {}) => ({
    run,
    color: "#000000",
    dash: [],
    series: { run, tag: "t", steps, values, non_finite: words, wall_times: steps, sampled: null },
  });

  it("share the steps of all runs; a step that a run does not have is no gap, a value that is not finite is", () => {
    const data = alignCurves([curve("a", [0, 2], [1, null]), curve("b", [0, 1, 2], [5, 6, 7])], 0, false);
    expect(data.map((column) => [...column])).toEqual([
      [0, 1, 2],
      [1, undefined, null],
      [5, 6, 7],
    ]);
  });

  it("have their average beside them when they are smoothed", () => {
    const data = alignCurves([curve("a", [0, 1], [1, 3])], 0.5, false);
    expect(data.length).toBe(3);
    expect(data[2][1]).toBeCloseTo(7 / 3, 10);
  });

  it("leave out what a logarithmic axis cannot show", () => {
    expect([...alignCurves([curve("a", [0, 1], [-1, 3])], 0, true)[1]]).toEqual([null, 3]);
  });

  it("count what a logarithmic axis cannot show", () => {
    expect(nNotPositive([curve("a", [0, 1, 2], [-1, null, 3]), curve("b", [0], [0])])).toBe(2);
  });

  it("have ended where the last value is further back than two values are apart", () => {
    expect(hasEnded([0, 10, 20], 40)).toBe(false);
    expect(hasEnded([0, 10, 20], 41)).toBe(true);
    expect(hasEnded([5], 6)).toBe(true);
  });

  it("tell where a value is not finite, and what it is", () => {
    const [gap] = gapsOf([curve("a", [0, 7], [1, null], { 1: "NaN" })]);
    expect([gap.step, gap.words]).toEqual([7, "a: NaN at step 7"]);
  });

  it("have marks that become one where they are too near", () => {
    const mark = (step: number) => ({ step, label: "", title: "", onOpen: null, kind: "finding" as const });
    const placed = placeMarks([mark(50), mark(10), mark(12)], (step) => step, 5);
    expect(placed.map(({ x, marks }) => [x, marks.length])).toEqual([
      [10, 2],
      [50, 1],
    ]);
  });
});

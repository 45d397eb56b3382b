import { describe, expect, it } from "vitest";
import { joinOverview } from "../../../src/screens/gradients/state/overview";
import { MEASURES, type OverviewPart } from "../../../src/screens/gradients/types";

function part(steps: number[], layers = ["a", "b"], stride = 1): OverviewPart {
  const values = {} as OverviewPart["values"];
  for (const measure of MEASURES) {
    values[measure] = Float32Array.from(layers.flatMap((_, row) => steps.map((step) => 1000 * row + step)));
  }
  return { steps, layers, stride, complete: true, values };
}

describe("joinOverview", () => {
  it("puts new columns beside the known ones, row by row", () => {
    const joined = joinOverview(part([0, 1]), part([2]));
    expect(joined.steps).toEqual([0, 1, 2]);
    expect([...joined.values.dead]).toEqual([0, 1, 2, 1000, 1001, 1002]);
  });

  it("starts anew when layers or distances are others, or steps come again", () => {
    const known = part([0, 1]);
    for (const other of [part([2], ["a"]), part([2], ["a", "b"], 2), part([1])])
      expect(joinOverview(known, other)).toBe(other);
    expect(joinOverview(null, known)).toBe(known);
  });

  it("keeps what is known when nothing is new", () => {
    expect(joinOverview(part([0, 1]), part([])).steps).toEqual([0, 1]);
  });
});

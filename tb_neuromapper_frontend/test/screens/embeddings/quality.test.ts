import { expect, it } from "vitest";
import type { Projection } from "../../../src/api/types";
import { Level } from "../../../src/render/scatter/scene";
import { fadeMisrepresented, misrepresentedShare } from "../../../src/screens/embeddings/state/preservation";
import { linePath, qualityBySteps, shareOf } from "../../../src/screens/embeddings/state/quality";

function projection(block: string, figures: [number, number | null, boolean][]): Projection {
  const quality = figures.map(([step, movement, abrupt]) => {
    return { step, trustworthiness: 0.9, preservation: 0.4, continuity: 0.9, movement, cka: null, abrupt };
  });
  return { block, quality } as Projection;
}

it("the quality of several blocks is the mean of those that have the step", () => {
  const found = qualityBySteps(
    [
      projection("a", [
        [0, null, false],
        [5, 0.2, true],
      ]),
      projection("b", [[5, 0.4, false]]),
    ],
    [0, 5, 9],
  );
  expect(found.map(({ step, abrupt }) => ({ step, abrupt }))).toEqual([
    { step: 0, abrupt: [] },
    { step: 5, abrupt: ["a"] },
    { step: 9, abrupt: [] },
  ]);
  expect(found[0].movement).toBeNull();
  expect(found[1].movement).toBeCloseTo(0.3);
  expect(found[2].trustworthiness).toBeNull();
});

it("a line leaves out what is not known and stays in its box", () => {
  expect(linePath([0, 0.5, 2], 1)).toBe("M0 100h0L50 50L100 0");
  expect(linePath([null, 1, null, 0], 1)).toBe("M33.33 0h0M100 100h0");
  expect(linePath([null], 1)).toBe("");
});

it("a step is where the slider's thumb is", () => {
  expect([shareOf(0, 1), shareOf(0, 5), shareOf(2, 5), shareOf(4, 5)]).toEqual([0, 0, 0.5, 1]);
});

it("only drawn samples fade, and only those known to be misrepresented", () => {
  const { hidden, faded, normal } = Level;
  const levels = Uint8Array.of(normal, normal, hidden, normal, faded, normal);
  const shares = Uint8Array.of(254, 20, 20, 255, 254);
  const result = fadeMisrepresented(levels, shares);
  expect([...result]).toEqual([normal, faded, hidden, normal, faded, normal]);
  expect(fadeMisrepresented(levels, shares)).toBe(result);
  expect(fadeMisrepresented(levels.slice(), shares)).not.toBe(result);
});

it("the share of misrepresented samples counts those with a place", () => {
  const known = (...shares: number[]) => ({ id: "a", step: 0, revision: 0, shares: Uint8Array.from(shares) });
  expect(misrepresentedShare([known(0, 254, 255), known(10, 200)])).toBe(0.5);
  expect(misrepresentedShare([known(255)])).toBeNull();
  expect(misrepresentedShare([])).toBeNull();
});

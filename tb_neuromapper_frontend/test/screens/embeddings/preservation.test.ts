import { expect, it } from "vitest";
import { Level } from "../../../src/render/scatter/scene";
import { fadeMisrepresented, misrepresentedShare } from "../../../src/screens/embeddings/state/preservation";

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

import { expect, it } from "vitest";
import type { Slice } from "../../../src/render/scatter/scene";
import { createRelayouts } from "../../../src/screens/embeddings/draw/relayout";

const EXTENT = [0, 0, 4, 2] as const;

function slice(...xy: number[]): Slice {
  return { xy: Uint16Array.from(xy), extent: EXTENT };
}

it("new positions of the shown epoch are moved to, and then stay", () => {
  const relayouts = createRelayouts(() => false);
  const [old, fresh] = [slice(0, 0), slice(9, 9)];
  expect(relayouts.still("a", old, 0)).toEqual({ from: old, to: old, mix: 0 });
  expect(relayouts.still("a", fresh, 1)).toEqual({ from: old, to: fresh, mix: 0 });
  expect(relayouts.isActive(1.1)).toBe(true);
  expect(relayouts.still("a", fresh, 1.15).mix).toBeCloseTo(0.5, 6);
  expect(relayouts.still("a", fresh, 2)).toEqual({ from: fresh, to: fresh, mix: 0 });
  expect(relayouts.isActive(2)).toBe(false);
});

it("without motion, new positions are shown at once", () => {
  const relayouts = createRelayouts(() => true);
  const [old, fresh] = [slice(0, 0), slice(9, 9)];
  relayouts.still("a", old, 0);
  expect(relayouts.still("a", fresh, 1)).toEqual({ from: fresh, to: fresh, mix: 0 });
});

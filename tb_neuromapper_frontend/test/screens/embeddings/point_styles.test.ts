import { expect, it } from "vitest";
import { Level, MISSING, type Slice } from "../../../src/render/scatter/scene";
import { levelsOf, movementOf } from "../../../src/screens/embeddings/state/point_styles";
import type { Projection } from "../../../src/screens/embeddings/types";

const EXTENT = [0, 0, 4, 2] as const;

function slice(...xy: number[]): Slice {
  return { xy: Uint16Array.from(xy), extent: EXTENT };
}

it("movement is the mean over the views, as a share of the layout's larger side", () => {
  const slices: Record<string, Slice> = {
    "a:0": slice(0, 0, 0, 0),
    "a:5": slice(65535, 0, 0, 65534),
    "b:0": slice(0, 0, 7, 7),
    "b:5": slice(0, 0, MISSING, MISSING),
  };
  const cache = { slice: (id: string, step: number) => slices[`${id}:${step}`] };
  const projections = [{ id: "a" }, { id: "b" }] as Projection[];
  const movement = movementOf(projections, cache, [0, 5], 5, 3);
  expect(movement[0]).toBeCloseTo(0.5, 4);
  expect(movement[1]).toBeCloseTo(0.5, 4);
  expect(movement[2]).toBeNaN();
  expect([...movementOf(projections, cache, [0, 5], 0, 1)]).toEqual([Number.NaN]);
});

it("hidden classes are not drawn; beside the one pointed at, others fade", () => {
  const labels = new Int32Array([0, 1, 2, -1]);
  expect([...levelsOf(new Uint8Array(4).fill(1), labels, new Set([0]), 1)]).toEqual([
    Level.hidden,
    Level.normal,
    Level.faded,
    Level.faded,
  ]);
  expect([...levelsOf(new Uint8Array([1, 0]), null, new Set([0]), 1)]).toEqual([Level.normal, Level.hidden]);
});

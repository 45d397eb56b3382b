import { expect, it } from "vitest";
import type { Projection } from "../../../src/api/types";
import { quantile } from "../../../src/color/palette";
import { MISSING, type Slice } from "../../../src/render/scatter/scene";
import { trailTriangles } from "../../../src/render/scatter/trail";
import { createRelayouts } from "../../../src/screens/embeddings/draw/relayout";
import { countClasses, metadataColors, outcomeColors } from "../../../src/screens/embeddings/state/colors";
import { movementOf } from "../../../src/screens/embeddings/state/point_styles";

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

it("classes are counted, unknown ones not", () => {
  expect(countClasses(new Int32Array([0, 1, 1, -1, 9]), 3)).toEqual([1, 2, 0]);
  expect(countClasses(new Int32Array([0, 1, 1, -1, 9]), 3, Uint8Array.of(1, 0, 1, 1, 1))).toEqual([1, 1, 0]);
});

it("a quantile ignores what is not finite", () => {
  expect(quantile([5, 1, Number.NaN, 3, Number.POSITIVE_INFINITY], 0.5)).toBe(3);
  expect(quantile([], 0.5)).toBe(0);
});

it("a trail is as wide as asked and leaves out pieces without length", () => {
  const point = (x: number, y: number) => ({ x, y, opacity: 1 });
  const vertices = trailTriangles([point(0, 0), point(10, 0), point(10, 0)], 2);
  expect(vertices.length).toBe(6 * 3);
  const ys = vertices.filter((_, index) => index % 3 === 1);
  expect([Math.min(...ys), Math.max(...ys)]).toEqual([-1, 1]);
  expect(trailTriangles([point(1, 1)], 2).length).toBe(0);
});

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

function base(metadata: Record<string, unknown[]> = {}) {
  const labels = new Int32Array([0, 1, -1]);
  const samples = { ids: [0, 1, 2], descriptions: [], metadata, labels, targets: null };
  return { n: 3, nClasses: 2, classNames: ["a", "b"], samples };
}

it("words of a column are classes of their own in a human order, absent ones have none", () => {
  const colors = metadataColors(base({ writer: ["w10", null, "w2"] }), "writer");
  expect(colors.classNames).toEqual(["w2", "w10"]);
  expect([...(colors.classes ?? [])]).toEqual([1, -1, 0]);
  expect([...colors.entries]).toEqual([2, 0, 1]);
});

it("numbers of a column are on the scale", () => {
  const colors = metadataColors(base({ age: [10, null, 30] }), "age");
  expect([colors.kind, colors.range, [...colors.entries]]).toEqual(["ramp", [10, 30], [1, 0, 256]]);
});

it("a column that does not exist has no colours, and that is said", () => {
  const colors = metadataColors(base(), "constructor");
  expect([colors.pending, [...colors.entries]]).toEqual([true, [0, 0, 0]]);
});

it("right and wrong need a label", () => {
  const outcomes = { step: 0, predicted: new Int32Array([0, 0, 0]), confidence: null, loss: null };
  expect([...outcomeColors(base(), "correct", outcomes).entries]).toEqual([2, 1, 0]);
  expect(outcomeColors(base(), "confidence", outcomes).pending).toBe(true);
  expect(outcomeColors(base(), "loss", null).pending).toBe(true);
});

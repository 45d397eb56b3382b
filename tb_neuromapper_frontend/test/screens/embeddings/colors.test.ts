import { expect, it } from "vitest";
import {
  columnColors,
  countClasses,
  metadataColors,
  outcomeColors,
} from "../../../src/screens/embeddings/state/colors";

function base(metadata: Record<string, unknown[]> = {}) {
  const labels = new Int32Array([0, 1, -1]);
  const samples = { ids: [0, 1, 2], descriptions: [], metadata, labels, targets: null };
  return { n: 3, nClasses: 2, classNames: ["a", "b"], samples };
}

it("classes are counted, unknown ones not", () => {
  expect(countClasses(new Int32Array([0, 1, 1, -1, 9]), 3)).toEqual([1, 2, 0]);
  expect(countClasses(new Int32Array([0, 1, 1, -1, 9]), 3, Uint8Array.of(1, 0, 1, 1, 1))).toEqual([1, 1, 0]);
});

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
  const outcomes = {
    step: 0,
    predicted: new Int32Array([0, 0, 0]),
    confidence: null,
    loss: null,
    others: {},
  };
  expect([...outcomeColors(base(), "correct", outcomes).entries]).toEqual([2, 1, 0]);
  expect(outcomeColors(base(), "confidence", outcomes).pending).toBe(true);
  expect(outcomeColors(base(), "loss", null).pending).toBe(true);
});

it("further columns of the outcomes are on the scale, or have classes of their own", () => {
  const others = {
    accuracy: { values: new Float32Array([0.5, Number.NaN, 1]), texts: null },
    kind: { values: new Int32Array([1, -1, 0]), texts: ["hit", "miss"] },
  };
  const outcomes = { step: 0, predicted: null, confidence: null, loss: null, others };
  const accuracy = columnColors(base(), "accuracy", outcomes);
  expect([accuracy.kind, accuracy.range, accuracy.unit]).toEqual(["ramp", [0, 1], "%"]);
  const kind = columnColors(base(), "kind", outcomes);
  expect([kind.kind, kind.classNames, [...(kind.classes ?? [])]]).toEqual([
    "class",
    ["hit", "miss"],
    [1, -1, 0],
  ]);
  expect(columnColors(base(), "constructor", outcomes).pending).toBe(true);
  expect(outcomeColors(base(), "predicted", outcomes).pending).toBe(true);
});

import { describe, expect, it } from "vitest";
import { Level } from "../../src/render/scatter/scene";
import {
  classCounts,
  combine,
  confusions,
  inverted,
  modeOf,
  NO_ROWS,
  rowsOfClass,
  withSelection,
} from "../../src/session/selection";

const rows = (...values: number[]) => Uint32Array.from(values);

describe("changing a selection", () => {
  it("replaces, adds and takes away; rows are sorted and occur once", () => {
    expect(combine(rows(1, 5), [9, 2, 2], "replace")).toEqual(rows(2, 9));
    expect(combine(rows(1, 5), [9, 5, 2, 2], "add")).toEqual(rows(1, 2, 5, 9));
    expect(combine(rows(1, 5, 9), [9, 1, 7], "subtract")).toEqual(rows(5));
    expect(combine(NO_ROWS, [], "add")).toEqual(NO_ROWS);
  });

  it("follows shift and alt", () => {
    expect(modeOf({ shiftKey: false, altKey: false })).toBe("replace");
    expect(modeOf({ shiftKey: true, altKey: false })).toBe("add");
    expect(modeOf({ shiftKey: false, altKey: true })).toBe("subtract");
  });

  it("inverts among what is shown", () => {
    const levels = Uint8Array.from([Level.normal, Level.hidden, Level.normal, Level.faded]);
    expect(inverted(rows(0), levels)).toEqual(rows(2, 3));
  });

  it("makes the others grey, or hides them if isolated; what is hidden stays so", () => {
    const levels = Uint8Array.from([Level.normal, Level.hidden, Level.normal, Level.faded]);
    expect([...withSelection(levels, rows(1, 2), false)]).toEqual([
      Level.gray,
      Level.hidden,
      Level.normal,
      Level.gray,
    ]);
    expect([...withSelection(levels, rows(3), true)]).toEqual([0, 0, 0, Level.faded]);
    expect(withSelection(levels, NO_ROWS, true)).toBe(levels);
    expect([...withSelection(levels, rows(99), false)]).toEqual([3, 0, 3, 3]);
  });
});

describe("what is said of a selection", () => {
  it("counts its classes, most first", () => {
    const classes = Int32Array.from([0, 1, 1, -1, 2]);
    expect(classCounts(rows(0, 1, 2, 3), classes)).toEqual([
      { index: 1, count: 2 },
      { index: -1, count: 1 },
      { index: 0, count: 1 },
    ]);
    expect(rowsOfClass(classes, 1)).toEqual(rows(1, 2));
  });

  it("lists the wrong predictions by pair, most first, without unlabelled samples", () => {
    const labels = Int32Array.from([0, 0, 1, 1, -1, 0]);
    const predicted = Int32Array.from([0, 2, 0, 0, 0, 2]);
    expect(confusions(rows(0, 1, 2, 3, 4), labels, predicted)).toEqual([
      { label: 1, predicted: 0, rows: [2, 3] },
      { label: 0, predicted: 2, rows: [1] },
    ]);
  });
});

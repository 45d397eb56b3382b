import { beforeEach, describe, expect, it } from "vitest";
import type { Run } from "../../src/api/types";
import { HOME, toPixels } from "../../src/render/camera";
import { type Point, rowsInPolygon } from "../../src/render/scatter/region";
import { Level, MISSING } from "../../src/render/scatter/scene";
import { rowsFromText, rowsToText } from "../../src/session/rows_text";
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
import { createStore, type Store } from "../../src/session/state";

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
      Level.grey,
      Level.hidden,
      Level.normal,
      Level.grey,
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

describe("rows in a link", () => {
  const random = Array.from({ length: 700 }, (_, i) => (i * 7919) % 1797).sort((a, b) => a - b);
  it.each([
    [[]],
    [[0]],
    [[5, 6, 7, 90000]],
    [Array.from({ length: 5000 }, (_, i) => i + 3)],
    [random],
    [[0, 5, 6, 11, 12, 1_999_999]],
  ])("come back as they went (%#)", (list) => {
    const sent = combine(NO_ROWS, list, "replace");
    expect(rowsFromText(rowsToText(sent))).toEqual(sent);
    expect(encodeURIComponent(rowsToText(sent))).toBe(rowsToText(sent));
  });

  it("take few letters, and none where they would take many", () => {
    expect(rowsToText(rows(3, 4, 5, 6))).toBe("r3~3");
    expect(rowsToText(combine(NO_ROWS, random, "replace")).length).toBeLessThan(320);
    expect(rowsToText(Uint32Array.from({ length: 9000 }, (_, i) => i * 9))).toBe("");
  });

  it.each([
    "x",
    "r",
    "r-1",
    "r1..2",
    "r1.0",
    "rzzzzz",
    "r0~zzzzz",
    "b",
    "b0",
    "b0.!",
    "bzzzzz.A",
    "r1.".repeat(2000),
  ])("make no selection of nonsense: %s", (text) => {
    expect(rowsFromText(text)).toEqual(NO_ROWS);
  });
});

describe("a lasso", () => {
  const size = { width: 100, height: 100 };
  const extent = [0, 0, 1, 1] as const;
  const xy = new Uint16Array([
    0,
    0,
    32768,
    32768,
    65534,
    65534,
    32768,
    60000,
    MISSING,
    MISSING,
    30000,
    33000,
  ]);
  const slice = { xy, extent };
  const panel = { from: slice, to: slice, mix: 0, toPixels: toPixels(HOME, extent, size) };
  const normal = new Uint8Array(6).fill(Level.normal);
  const box: Point[] = [
    [30, 30],
    [70, 30],
    [70, 70],
    [30, 70],
  ];

  it("holds the points inside of it", () => {
    expect(rowsInPolygon(panel, normal, box)).toEqual([1, 5]);
  });

  it("leaves out what is hidden or faded, and takes what is grey", () => {
    const levels = Uint8Array.from([2, Level.grey, 2, 2, 2, Level.faded]);
    expect(rowsInPolygon(panel, levels, box)).toEqual([1]);
  });

  it("may be concave", () => {
    const hook: Point[] = [
      [0, 0],
      [100, 0],
      [100, 100],
      [51, 55],
      [0, 100],
      [0, 60],
      [60, 40],
      [0, 40],
    ];
    const inside = rowsInPolygon(panel, normal, hook);
    expect(inside).toContain(3);
    expect(inside).toContain(2);
    expect(inside).not.toContain(4);
  });

  it("has three corners at least", () => {
    expect(rowsInPolygon(panel, normal, [])).toEqual([]);
    expect(rowsInPolygon(panel, normal, box.slice(0, 2))).toEqual([]);
  });

  it("looks at the place between two epochs", () => {
    const to = { xy: new Uint16Array(12).fill(65534), extent };
    expect(rowsInPolygon({ ...panel, to, mix: 1 }, normal, box)).toEqual([]);
  });
});

describe("the store's selection", () => {
  let store: Store;
  beforeEach(() => {
    store = createStore();
    store.run.value = { name: "a", n_samples: 4, sample_set: "s" } as Run;
    store.runName.value = "a";
  });

  it("holds rows that exist", () => {
    store.actions.rowsSelected([3, 1, 99]);
    expect(store.selected.value).toEqual(rows(1, 3));
  });

  it("ends isolation when it is empty", () => {
    store.actions.isolateToggled();
    expect(store.isolated.value).toBe(false);
    store.actions.rowsSelected([1]);
    store.actions.isolateToggled();
    expect(store.isolated.value).toBe(true);
    store.actions.rowsSelected([1], "subtract");
    expect(store.isolated.value).toBe(false);
  });

  it("ends with the third Escape: the first goes back to panning, the second to all views", () => {
    store.actions.rowsSelected([1]);
    store.actions.toolChosen("lasso");
    store.actions.enlargeToggled("a");
    store.actions.escaped();
    expect([store.tool.value, store.enlarged.value, store.selected.value.length]).toEqual(["pan", "a", 1]);
    store.actions.escaped();
    expect([store.enlarged.value, store.selected.value.length]).toEqual([null, 1]);
    store.actions.escaped();
    expect(store.selected.value).toEqual(NO_ROWS);
  });

  it("is cut to the run's rows when a link names others", () => {
    store.run.value = null;
    store.actions.urlOpened({ selected: rows(1, 7), isolated: true });
    store.actions.runLoaded({ name: "a", n_samples: 4, blocks: [], steps: [] } as unknown as Run);
    expect(store.selected.value).toEqual(rows(1));
    expect(store.isolated.value).toBe(true);
  });
});

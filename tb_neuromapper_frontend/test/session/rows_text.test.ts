import { describe, expect, it } from "vitest";
import { rowsFromText, rowsToText } from "../../src/session/rows_text";
import { combine, NO_ROWS } from "../../src/session/selection";

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
    expect(rowsToText(Uint32Array.of(3, 4, 5, 6))).toBe("r3~3");
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

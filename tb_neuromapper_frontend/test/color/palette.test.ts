import { describe, expect, it } from "vitest";
import {
  BACKGROUND,
  classEntries,
  classMark,
  finiteRange,
  N_MARKS,
  paletteTexels,
  quantile,
  rampColor,
  rampEntries,
  SHAPES,
  type Theme,
} from "../../src/color/palette";
import { contrast, distance, fromHex, fromOklch, toHex, toOklab, type Vision } from "../../src/color/space";

const THEMES: Theme[] = ["light", "dark"];
const VISIONS: Vision[] = ["normal", "protan", "deutan"];

function smallestDistance(colors: string[], vision: Vision): number {
  let smallest = 9;
  for (const [i, one] of colors.entries()) {
    for (const other of colors.slice(0, i)) {
      smallest = Math.min(smallest, distance(fromHex(one), fromHex(other), vision));
    }
  }
  return smallest;
}

describe.each(THEMES)("the class colours on %s ground", (theme) => {
  const colors = Array.from({ length: 20 }, (_, index) => classMark(index, theme).color);

  it.each(VISIONS)("differ well among the first ten for %s vision", (vision) => {
    expect(smallestDistance(colors.slice(0, 10), vision)).toBeGreaterThan(0.11);
  });

  it.each(VISIONS)("all differ by three times the just noticeable for %s vision", (vision) => {
    expect(smallestDistance(colors, vision)).toBeGreaterThan(0.06);
  });

  it("stand out from the ground", () => {
    for (const color of colors)
      expect(contrast(fromHex(color), fromHex(BACKGROUND[theme]))).toBeGreaterThan(2);
  });

  it("give each of 100 classes its own mark", () => {
    const marks = Array.from({ length: 100 }, (_, index) => JSON.stringify(classMark(index, theme)));
    expect(new Set(marks).size).toBe(100);
  });

  it("are the bytes of the points' texture, legend and points alike, also of a million classes", () => {
    const texels = paletteTexels("class", N_MARKS, theme);
    expect(texels.length % 1024).toBe(0);
    const classes = [-1, 0, 7, 25, 99, 100, 999_999];
    const entries = classEntries(Int32Array.from(classes), 1_000_000);
    for (const [i, index] of classes.entries()) {
      const [r, g, b, shape] = texels.subarray(entries[i] * 4, entries[i] * 4 + 4);
      const mark = classMark(index, theme);
      expect(toHex([r / 255, g / 255, b / 255])).toBe(mark.color);
      expect(SHAPES[shape]).toBe(mark.shape);
    }
  });

  it("scale for numbers changes its lightness in one direction only", () => {
    const lightness = Array.from({ length: 32 }, (_, i) => toOklab(fromHex(rampColor(i / 31, theme)))[0]);
    const sign = theme === "light" ? -1 : 1;
    for (let i = 1; i < 32; i++) expect(sign * (lightness[i] - lightness[i - 1])).toBeGreaterThan(0);
  });
});

describe("palette entries", () => {
  it("class i is entry i + 1, no label and unknown classes are entry 0", () => {
    expect([...classEntries(new Int32Array([0, 2, -1, 3]), 3)]).toEqual([1, 3, 0, 0]);
  });

  it("numbers span the scale, what is not finite has no colour", () => {
    expect([...rampEntries([0, 5, 10, 11, Number.NaN], 0, 10)]).toEqual([1, 129, 256, 256, 0]);
  });

  it("equal numbers have one colour", () => {
    expect([...rampEntries([3, 3], 3, 3)]).toEqual([1, 1]);
  });

  it("the range ignores what is not finite", () => {
    expect(finiteRange([2, Number.NaN, -1, Number.POSITIVE_INFINITY])).toEqual([-1, 2]);
    expect(finiteRange([])).toEqual([0, 1]);
  });
});

describe("colour spaces", () => {
  it("OKLCH and OKLab are each other's inverse", () => {
    const [lightness, a, b] = toOklab(fromOklch(0.6, 0.1, 200));
    expect(lightness).toBeCloseTo(0.6, 4);
    expect(Math.hypot(a, b)).toBeCloseTo(0.1, 4);
  });

  it("black on white has the contrast 21", () => {
    expect(contrast([0, 0, 0], [1, 1, 1])).toBeCloseTo(21, 5);
  });
});

it("a quantile ignores what is not finite", () => {
  expect(quantile([5, 1, Number.NaN, 3, Number.POSITIVE_INFINITY], 0.5)).toBe(3);
  expect(quantile([], 0.5)).toBe(0);
});

import { describe, expect, it } from "vitest";
import { contourLines, FEWEST, levelsOf } from "../../src/density/contours";
import { bandwidth, densityOf, type Frame, frameOf } from "../../src/density/grid";
import { groupsByClass, oneGroup } from "../../src/density/groups";
import { decisionRegions, FULL_OPACITY } from "../../src/density/regions";
import { type DensityImage, type Lines, MISSING, placeIn, type Slice } from "../../src/render/scatter/scene";

const EXTENT = [-2, -1, 6, 5] as const;

/** Numbers in 0..1 from a linear congruential generator. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Clouds of n points each around the middles, in shares of the extent. */
function clouds(middles: readonly [number, number][], n: number, seed = 1): Slice {
  const next = numbers(seed);
  const normal = () => Math.sqrt(-2 * Math.log(next() + 1e-9)) * Math.cos(2 * Math.PI * next());
  const xy = middles.flatMap(([x, y]) =>
    Array.from({ length: n }, () => [x + 0.04 * normal(), y + 0.04 * normal()]).flat(),
  );
  return {
    xy: Uint16Array.from(xy, (share) => Math.round(65534 * Math.min(1, Math.max(0, share)))),
    extent: EXTENT,
  };
}

function all(n: number): Uint8Array {
  return new Uint8Array(n).fill(2);
}

function made<T>(pieces: Generator<void, T>): T {
  for (;;) {
    const piece = pieces.next();
    if (piece.done) return piece.value;
  }
}

/** The slow twin: the sum of a Gaussian kernel around each point, in points to a cell. */
function slowDensity(slice: Slice, rows: Iterable<number>, { cell, sigma }: Frame, x: number, y: number) {
  let sum = 0;
  for (const row of rows) {
    const place = placeIn(slice, row);
    if (!place) continue;
    const squares = ((x - place[0]) ** 2 + (y - place[1]) ** 2) / (cell * sigma) ** 2;
    sum += Math.exp(-squares / 2) / (2 * Math.PI * sigma ** 2);
  }
  return sum;
}

describe("the density on the grid", () => {
  it("is that of a kernel around each point", () => {
    const slice = clouds(
      [
        [0.3, 0.3],
        [0.7, 0.6],
      ],
      150,
    );
    const groups = oneGroup(all(300));
    const frame = frameOf(slice, 300);
    const window = densityOf(slice, groups, 0, frame);
    if (!window) throw new Error("no density");
    const most = Math.max(...window.values);
    for (let i = 0; i < window.values.length; i += 37) {
      const [column, line] = [i % window.width, Math.floor(i / window.width)];
      const x = frame.x0 + (window.x + column + 0.5) * frame.cell;
      const y = frame.y0 + (window.y + line + 0.5) * frame.cell;
      expect(Math.abs(window.values[i] - slowDensity(slice, groups.rows, frame, x, y))).toBeLessThan(
        0.06 * most,
      );
    }
    expect(window.values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(300, 1);
  });

  it("leaves out what has no position, and is null without any", () => {
    const slice = { xy: Uint16Array.from([MISSING, MISSING, 9, 9, MISSING, MISSING]), extent: EXTENT };
    const frame = frameOf(slice, 1);
    const sum = densityOf(slice, oneGroup(all(3)), 0, frame)?.values.reduce((a, b) => a + b, 0);
    expect(sum).toBeCloseTo(1, 5);
    expect(densityOf(slice, oneGroup(Uint8Array.from([1, 0, 1])), 0, frame)).toBeNull();
  });

  it.each([
    [0, 0, 1, 1],
    [3, 3, 3, 3],
    [0, 0, 5, 0],
  ])("holds points in the corners of the extent %d %d %d %d", (...extent) => {
    const slice = {
      xy: Uint16Array.from([0, 0, 65535, 0, 0, 65535, 65534, 65534]),
      extent: extent as [number, number, number, number],
    };
    const window = densityOf(slice, oneGroup(all(4)), 0, frameOf(slice, 4));
    expect(window?.values.reduce((a, b) => a + b, 0)).toBeCloseTo(4, 4);
  });

  it("has a finer kernel for more points", () => {
    const widths = [1, 100, 10_000, 1_000_000].map(bandwidth);
    expect(widths).toEqual([...widths].sort((a, b) => b - a));
  });
});

describe("groups", () => {
  it("hold the shown rows of each class, the largest class first, others none", () => {
    const shown = Uint8Array.from([1, 1, 0, 1, 1, 1, 1]);
    const { rows, starts, classes } = groupsByClass(shown, Int32Array.from([4, 7, 7, 7, -1, 2, 7]), 2);
    expect([...classes]).toEqual([7, 2]);
    expect([...starts]).toEqual([0, 3, 4]);
    expect([...rows]).toEqual([1, 3, 6, 5]);
    expect([...oneGroup(shown).rows]).toEqual([0, 1, 3, 4, 5, 6]);
  });
});

const GREY = () => [9, 9, 9] as const;

describe("contours", () => {
  const slice = clouds(
    [
      [0.25, 0.3],
      [0.75, 0.7],
    ],
    400,
    3,
  );
  const groups = oneGroup(all(800));
  const frame = frameOf(slice, 800);

  it.each([0.25, 0.5, 0.75, 0.95])(
    "run where the density is that above which %s of the points lie",
    (share) => {
      const { ends } = made<Lines>(contourLines(slice, groups, { shares: [share], color: GREY }));
      const at = (x: number, y: number) => slowDensity(slice, groups.rows, frame, x, y);
      const densities = [...groups.rows].map((row) => at(...(placeIn(slice, row) as [number, number])));
      const level = densities.sort((a, b) => b - a)[Math.floor(share * 800)];
      const found: number[] = [];
      for (let i = 0; i < ends.length; i += 4) found.push(at(ends[i], ends[i + 1]));
      const off = Math.max(...found.map((density) => Math.abs(density - level))) / densities[0];
      expect(found.length).toBeGreaterThan(20);
      expect(off).toBeLessThan(0.1);
    },
  );

  it("are closed: each end is another piece's beginning", () => {
    const { ends, colors } = made<Lines>(contourLines(slice, groups, { shares: [0.5, 0.95], color: GREY }));
    const count = new Map<string, number>();
    for (let i = 0; i < ends.length; i += 2) {
      const key = `${ends[i]} ${ends[i + 1]}`;
      count.set(key, (count.get(key) ?? 0) + 1);
    }
    expect([...count.values()].every((times) => times % 2 === 0)).toBe(true);
    expect(colors.length).toBe(ends.length);
  });

  it("go around each class in its colour, but for classes of few", () => {
    const classes = Int32Array.from({ length: 800 }, (_, row) =>
      row < 400 ? 0 : row < 800 - FEWEST + 1 ? 1 : 2,
    );
    const color = (index: number) => [index, 0, 0] as const;
    const options = { shares: [0.95], color };
    const { ends, colors } = made<Lines>(contourLines(slice, groupsByClass(all(800), classes, 9), options));
    const middles = [0, 1, 2].map((index) => {
      const pieces = [...colors.keys()].filter((i) => i % 4 === 0 && colors[i] === index);
      return pieces.length && pieces.reduce((sum, i) => sum + ends[i], 0) / pieces.length;
    });
    expect(middles[0]).toBeCloseTo(-2 + 0.25 * 8, 0);
    expect(middles[1]).toBeCloseTo(-2 + 0.75 * 8, 0);
    expect(middles[2]).toBe(0);
  });

  it("are none without points", () => {
    const nothing = made<Lines>(
      contourLines(slice, oneGroup(new Uint8Array(800)), { shares: [0.5], color: GREY }),
    );
    expect(nothing.ends.length).toBe(0);
    expect(levelsOf({ counts: new Float32Array(4), values: new Float32Array(4) }, [0.5])).toEqual([]);
  });
});

describe("decision regions", () => {
  const slice = clouds(
    [
      [0.3, 0.5],
      [0.7, 0.5],
    ],
    200,
    5,
  );
  const predicted = Int32Array.from({ length: 400 }, (_, row) => (row < 200 ? 3 : 8));
  const color = (index: number) => [index * 10, 200, 0] as const;
  const regions = (shown = all(400), classes = predicted) =>
    made<DensityImage>(decisionRegions(slice, shown, classes, color));
  /** RGBA at a place in shares of the extent. */
  const texel = ({ texels, box, width, height }: DensityImage, x: number, y: number) => {
    const column = Math.floor(((EXTENT[0] + x * 8 - box[0]) / (box[2] - box[0])) * width);
    const line = Math.floor(((EXTENT[1] + y * 6 - box[1]) / (box[3] - box[1])) * height);
    return [...texels.subarray(4 * (line * width + column), 4 * (line * width + column) + 4)];
  };

  it("have the class's colour where it is alone, nothing where nobody is, and are faint between two", () => {
    const image = regions();
    const full = Math.round(255 * FULL_OPACITY);
    expect(texel(image, 0.3, 0.5)).toEqual([30, 200, 0, 255].map((part) => Math.round(part * FULL_OPACITY)));
    expect(texel(image, 0.7, 0.5)[0]).toBe(Math.round(80 * FULL_OPACITY));
    expect(texel(image, 0.7, 0.5)[3]).toBe(full);
    expect(texel(image, 0.05, 0.05)).toEqual([0, 0, 0, 0]);
  });

  it("fade with the margin of the vote", () => {
    const divided = predicted.map((label, row) => (row < 200 && row % 5 < 2 ? 8 : label));
    const opacity = texel(regions(all(400), divided), 0.3, 0.5)[3] / 255;
    expect(opacity).toBeGreaterThan(0);
    expect(opacity).toBeLessThan(0.5 * FULL_OPACITY);
  });

  it("are the winner of the slow vote, with its margin", () => {
    const next = numbers(7);
    const mixed = predicted.map((label) => (next() < 0.35 ? Math.floor(4 * next()) : label));
    const image = regions(all(400), mixed);
    const frame = frameOf(slice, 400);
    const rowsOf = (label: number) => [...mixed.keys()].filter((row) => mixed[row] === label);
    let compared = 0;
    for (let i = 0; i < image.width * image.height; i += 211) {
      const x = image.box[0] + ((i % image.width) + 0.5) * frame.cell;
      const y = image.box[1] + (Math.floor(i / image.width) + 0.5) * frame.cell;
      const votes = [0, 1, 2, 3, 8].map((label) => ({
        label,
        n: slowDensity(slice, rowsOf(label), frame, x, y),
      }));
      votes.sort((a, b) => b.n - a.n);
      const total = votes.reduce((sum, { n }) => sum + n, 0);
      const margin = (votes[0].n - votes[1].n) / total;
      // The kernel of three box filters has no long tails.
      if (total < 3 / (2 * Math.PI * frame.sigma ** 2)) continue;
      compared += 1;
      const [red, , , alpha] = image.texels.subarray(4 * i, 4 * i + 4);
      expect(Math.abs(alpha / 255 / FULL_OPACITY - margin)).toBeLessThan(0.1);
      if (margin > 0.15) expect(red / alpha).toBeCloseTo((votes[0].label * 10) / 255, 1);
    }
    expect(compared).toBeGreaterThan(5);
  });

  it("leave out hidden samples and those without a prediction", () => {
    const shown = all(400).fill(0, 0, 200);
    expect(texel(regions(shown), 0.3, 0.5)).toEqual([0, 0, 0, 0]);
    expect(
      texel(
        regions(
          all(400),
          predicted.map((label) => (label === 8 ? -1 : label)),
        ),
        0.7,
        0.5,
      )[3],
    ).toBe(0);
    expect(regions(new Uint8Array(400)).texels.every((part) => part === 0)).toBe(true);
  });
});

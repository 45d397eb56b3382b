import { expect, it } from "vitest";
import { gridFor, pairGridFor } from "../../../src/screens/embeddings/draw/grid";

it("one view takes all the room", () => {
  expect(gridFor(1, { width: 1200, height: 800 })).toEqual({ columns: 1, rowHeight: 800 });
});

it.each([
  [4, 1200, 800, 2],
  [5, 1260, 800, 3],
  [4, 1900, 420, 4],
])("%i views in %i x %i pixels stand in %i columns without scrolling", (n, width, height, columns) => {
  const grid = gridFor(n, { width, height });
  expect(grid.columns).toBe(columns);
  expect(grid.rowHeight * Math.ceil(n / columns)).toBeLessThanOrEqual(height);
});

it.each([
  [5, 360, 500, 1],
  [5, 620, 500, 2],
  [30, 1260, 800, 5],
])(
  "%i views in %i x %i pixels scroll in %i columns, none larger than the window",
  (n, width, height, columns) => {
    const grid = gridFor(n, { width, height });
    expect(grid.columns).toBe(columns);
    expect(grid.rowHeight).toBeLessThanOrEqual(height);
    expect(grid.rowHeight * Math.ceil(n / columns)).toBeGreaterThan(height);
  },
);

it("no room at all still gives a grid", () => {
  expect(gridFor(3, { width: 0, height: 0 }).columns).toBe(1);
});

it("two views of a block are always side by side", () => {
  for (const width of [390, 800, 1400]) {
    for (const n of [2, 6, 10]) {
      expect(pairGridFor(n, { width, height: 800 }).columns % 2).toBe(0);
    }
  }
});

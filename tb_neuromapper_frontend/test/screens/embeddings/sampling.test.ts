import { expect, it } from "vitest";
import { ALL_SAMPLES, sampleRows } from "../../../src/screens/embeddings/state/sampling";

function rowsOf(chosen: Uint8Array): number[] {
  return [...chosen.keys()].filter((row) => chosen[row] === 1);
}

const CLASSES = Int32Array.from({ length: 1000 }, (_, row) => (row < 700 ? 0 : row < 990 ? 1 : 2));

it("all samples are drawn by default, and if more are asked for than there are", () => {
  expect(rowsOf(sampleRows(5, null, ALL_SAMPLES))).toEqual([0, 1, 2, 3, 4]);
  expect(rowsOf(sampleRows(5, null, { ...ALL_SAMPLES, size: 99 })).length).toBe(5);
});

it("a seed gives the same samples again, another seed others", () => {
  const rows = (seed: number) => rowsOf(sampleRows(1000, null, { size: 100, seed, stratified: false }));
  expect(rows(1)).toEqual(rows(1));
  expect(rows(1)).not.toEqual(rows(2));
  expect(rows(1).length).toBe(100);
});

it("a larger sample holds the smaller one, so that points only come and go", () => {
  for (const stratified of [false, true]) {
    const small = rowsOf(sampleRows(1000, CLASSES, { size: 100, seed: 3, stratified }));
    const large = new Set(rowsOf(sampleRows(1000, CLASSES, { size: 400, seed: 3, stratified })));
    expect(small.every((row) => large.has(row))).toBe(true);
  }
});

it("every row is about equally often drawn", () => {
  const times = new Uint16Array(50);
  for (let seed = 0; seed < 400; seed++) {
    for (const row of rowsOf(sampleRows(50, null, { size: 10, seed, stratified: false }))) times[row] += 1;
  }
  expect(Math.min(...times)).toBeGreaterThan(50);
  expect(Math.max(...times)).toBeLessThan(115);
});

it("stratified, every class has its share", () => {
  const chosen = sampleRows(1000, CLASSES, { size: 100, seed: 0, stratified: true });
  const counts = [0, 0, 0];
  for (const row of rowsOf(chosen)) counts[CLASSES[row]] += 1;
  expect(counts).toEqual([70, 29, 1]);
});

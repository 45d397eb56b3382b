import type { DensityImage, Slice } from "../render/scatter/scene";
import { boxOf, densityOf, type Frame, frameOf, type Window } from "./grid";
import { type Groups, groupsByClass, oneGroup } from "./groups";

/** Classes that have a region; the rarer ones only take from the others' margins. */
const MAX_CLASSES = 1000;
/** Opacity where all votes are for one class. */
export const FULL_OPACITY = 0.34;
/**
 * Where the density is less than this there is nothing, and all of the opacity from ten times that on: as a share of a
 * lone point's peak, or of the densest place, whichever is more.
 */
const FAINTEST_OF_POINT = 0.04;
const FAINTEST_OF_DENSEST = 0.002;

/** Who is ahead in each cell of a frame. */
export interface Votes {
  total: Float32Array;
  best: Float32Array;
  second: Float32Array;
  /** -1: no votes. */
  winner: Int32Array;
}

/**
 * The class that is predicted most around each place, in its colour: the votes of the points, weighted by a Gaussian
 * kernel. The opacity is the margin of the best class before the next; where no points are it is empty.
 *
 * Pauses after each class, so that its caller can go on in the next frame.
 *
 * @param shown which rows vote: 0 or not.
 * @param predicted class of each row; below 0: does not vote.
 * @param color RGB of a class, 0..255.
 */
export function* decisionRegions(
  slice: Slice,
  shown: Uint8Array,
  predicted: Int32Array,
  color: (index: number) => readonly [number, number, number],
): Generator<void, DensityImage> {
  const voting = shown.map((isShown, row) => (isShown !== 0 && (predicted[row] ?? -1) >= 0 ? 1 : 0));
  const all = oneGroup(voting);
  const frame = frameOf(slice, all.rows.length);
  const votes = noVotes(frame);
  addTotal(votes, densityOf(slice, all, 0, frame), frame);
  yield;
  const groups: Groups = groupsByClass(voting, predicted, MAX_CLASSES);
  for (const [group, index] of groups.classes.entries()) {
    addVotes(votes, densityOf(slice, groups, group, frame), frame, index);
    yield;
  }
  return {
    width: frame.width,
    height: frame.height,
    box: boxOf(frame),
    texels: texelsOf(votes, frame, color),
  };
}

function noVotes({ width, height }: Frame): Votes {
  const n = width * height;
  return {
    total: new Float32Array(n),
    best: new Float32Array(n),
    second: new Float32Array(n),
    winner: new Int32Array(n).fill(-1),
  };
}

function addTotal({ total }: Votes, window: Window | null, frame: Frame): void {
  if (!window) return;
  const { x, y, width, height, values } = window;
  for (let line = 0; line < height; line++) {
    total.set(values.subarray(line * width, (line + 1) * width), (y + line) * frame.width + x);
  }
}

function addVotes({ best, second, winner }: Votes, window: Window | null, frame: Frame, index: number): void {
  if (!window) return;
  const { x, y, width, height, values } = window;
  for (let line = 0; line < height; line++) {
    const first = (y + line) * frame.width + x;
    for (let column = 0; column < width; column++) {
      const value = values[line * width + column];
      const cell = first + column;
      if (value > best[cell]) {
        second[cell] = best[cell];
        best[cell] = value;
        winner[cell] = index;
      } else if (value > second[cell]) second[cell] = value;
    }
  }
}

/** Premultiplied RGBA. */
function texelsOf(
  { total, best, second, winner }: Votes,
  { sigma }: Frame,
  color: (index: number) => readonly [number, number, number],
): Uint8Array {
  const texels = new Uint8Array(4 * total.length);
  const densest = total.reduce((most, value) => Math.max(most, value), 0);
  const point = 1 / (2 * Math.PI * sigma ** 2);
  const faintest = Math.max(FAINTEST_OF_POINT * point, FAINTEST_OF_DENSEST * densest);
  for (let cell = 0; cell < total.length; cell++) {
    const presence = Math.min(1, (total[cell] / faintest - 1) / 9);
    if (winner[cell] < 0 || presence <= 0) continue;
    const margin = (best[cell] - second[cell]) / total[cell];
    const opacity = FULL_OPACITY * Math.min(1, margin) * presence;
    const [red, green, blue] = color(winner[cell]);
    texels.set([red * opacity, green * opacity, blue * opacity, 255 * opacity].map(Math.round), 4 * cell);
  }
  return texels;
}

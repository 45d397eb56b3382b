import type { Box } from "../../../render/camera";
import { MISSING, type Slice } from "../../../render/scatter/scene";
import type { PositionCache } from "../state/positions";
import type { Projection } from "../types";

/** The part of the plane that a view shows at zoom 1: where the points of all loaded epochs are. */
export interface Fits {
  box(projection: Projection, nowS: number): Box;
  /** Positions came or went: look again. */
  refresh(): void;
  isActive(nowS: number): boolean;
}

/**
 * A box that is this much too large on its larger side is drawn in; less is left while a layout changes, so that nothing
 * fidgets. When it is done, the box is that of its points, so that a link shows the same part of the plane.
 */
const SLACK = 1.25;
const NEAR = 1e-3;
const MOVE_S = 0.4;
/** As long as there are no positions. */
const NOWHERE: Box = [0, 0, 1, 1];

interface Fit {
  from: Box;
  to: Box;
  startS: number;
  /** Of which look at the positions. */
  generation: number;
}

/** @param jump whether motion is unwanted. */
export function createFits(cache: Pick<PositionCache, "peek">, jump: () => boolean): Fits {
  const fits = new Map<string, Fit>();
  const bounds = new WeakMap<Slice, Box | null>();
  let generation = 0;
  let endS = 0;
  const boundsOf = (slice: Slice) => {
    const known = bounds.get(slice);
    if (known !== undefined) return known;
    const found = boundsOfSlice(slice);
    bounds.set(slice, found);
    return found;
  };
  const wantedBox = ({ id, steps }: Projection) => {
    const slices = steps.map((step) => cache.peek(id, step)).filter((slice) => slice !== undefined);
    return unionOfBoxes(slices.map(boundsOf).filter((box) => box !== null));
  };
  /** What is dropped from memory and fetched again must not move the view. */
  const isWhole = ({ id, state, steps }: Projection) =>
    state === "done" && steps.every((step) => cache.peek(id, step) !== undefined);
  return {
    box(projection, nowS) {
      // Two runs are compared in the same part of the plane.
      if (projection.runs) return projection.extent ?? NOWHERE;
      const view = JSON.stringify([projection.run, projection.block]);
      const known = fits.get(view);
      if (known?.generation === generation) return mixed(known, nowS);
      const wanted = wantedBox(projection);
      if (!known || !wanted) {
        const box = wanted ?? (known ? mixed(known, nowS) : (projection.extent ?? NOWHERE));
        if (wanted) fits.set(view, { from: box, to: box, startS: nowS, generation });
        return box;
      }
      known.generation = generation;
      const fitting = isWhole(projection) ? isNear : holds;
      if (fitting(known.to, wanted)) return mixed(known, nowS);
      const from = jump() ? wanted : mixed(known, nowS);
      fits.set(view, { from, to: wanted, startS: nowS, generation });
      if (from !== wanted) endS = nowS + MOVE_S;
      return from;
    },
    refresh() {
      generation += 1;
    },
    isActive: (nowS) => nowS < endS,
  };
}

function mixed({ from, to, startS }: Fit, nowS: number): Box {
  const t = Math.min(1, (nowS - startS) / MOVE_S);
  const share = t * (2 - t);
  return from.map((edge, i) => edge + (to[i] - edge) * share) as unknown as Box;
}

/** Whether `inner` lies in `outer` and fills it well enough. */
export function holds(outer: Box, inner: Box): boolean {
  const within = inner[0] >= outer[0] && inner[1] >= outer[1] && inner[2] <= outer[2] && inner[3] <= outer[3];
  return within && sideOf(outer) <= SLACK * sideOf(inner);
}

function isNear(a: Box, b: Box): boolean {
  return a.every((edge, i) => Math.abs(edge - b[i]) <= NEAR * sideOf(b));
}

function sideOf([x0, y0, x1, y1]: Box): number {
  return Math.max(x1 - x0, y1 - y0);
}

export function unionOfBoxes(boxes: readonly Box[]): Box | null {
  if (boxes.length === 0) return null;
  const edge = (i: 0 | 1 | 2 | 3, best: (...values: number[]) => number) =>
    boxes.reduce((found, box) => best(found, box[i]), boxes[0][i]);
  return [edge(0, Math.min), edge(1, Math.min), edge(2, Math.max), edge(3, Math.max)];
}

/** The smallest box around a slice's points, in the projection's coordinates; null without points. */
export function boundsOfSlice({ xy, extent }: Slice): Box | null {
  const min = [MISSING, MISSING];
  const max = [-1, -1];
  for (let i = 0; i + 1 < xy.length; i += 2) {
    if (xy[i] === MISSING && xy[i + 1] === MISSING) continue;
    for (const axis of [0, 1]) {
      const value = xy[i + axis];
      if (value < min[axis]) min[axis] = value;
      if (value > max[axis]) max[axis] = value;
    }
  }
  if (max[0] < 0) return null;
  const x = (q: number) => extent[0] + (q / MISSING) * (extent[2] - extent[0]);
  const y = (q: number) => extent[1] + (q / MISSING) * (extent[3] - extent[1]);
  return [x(min[0]), y(min[1]), x(max[0]), y(max[1])];
}

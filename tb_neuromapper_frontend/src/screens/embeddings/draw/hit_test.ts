import { type Box, HOME, toPixels } from "../../../render/camera";
import type { BlendedPoints } from "../../../render/scatter/blended";
import { type Point, rowsInPolygon } from "../../../render/scatter/lasso";
import { pick } from "../../../render/scatter/picking";
import { blockOf } from "../state/run_pair";
import type { Fits } from "./fit";
import type { Places } from "./places";
import { type SceneInputs, slicesOf } from "./scene";

/** Which samples lie where, in what is drawn. */
export interface HitTest {
  /** The sample at a place in the window; -1 without any. */
  pickAt(block: string, clientX: number, clientY: number, radius: number): number;
  /** The samples whose points lie in a polygon; its corners are places in the window. */
  rowsIn(block: string, polygon: readonly Point[]): number[];
  /** The part of the plane that the block's view shows at zoom 1. */
  boxOf(block: string): Box;
}

/** What the last frame showed: the place in time, the clock on the wall. */
interface Shown {
  places: Places;
  fits: Fits;
  at(): number;
  nowS(): number;
}

export function createHitTest(inputs: SceneInputs, { places, fits, at, nowS }: Shown): HitTest {
  const { session, embeddings, cache, pointStyles } = inputs;
  const projectionOf = (block: string) => embeddings.projections.peek().find((each) => each.block === block);
  /** A plot's points, and its place in the window. */
  const plotOf = (block: string): { points: BlendedPoints; left: number; top: number } | null => {
    const { rects, origin } = places.measured();
    const rect = rects.get(block);
    const projection = projectionOf(block);
    const slices = projection && slicesOf(session, cache, projection, at());
    if (!rect || !slices) return null;
    const camera = embeddings.cameras.peek()[blockOf(block)] ?? HOME;
    const points = { ...slices, toPixels: toPixels(camera, fits.box(projection, nowS()), rect) };
    return { points, left: origin.x + rect.x, top: origin.y + rect.y };
  };
  return {
    pickAt(block, clientX, clientY, radius) {
      const plot = plotOf(block);
      if (!plot) return -1;
      return pick(plot.points, pointStyles.peek().levels, clientX - plot.left, clientY - plot.top, radius);
    },
    rowsIn(block, polygon) {
      const plot = plotOf(block);
      if (!plot) return [];
      const corners = polygon.map(([x, y]) => [x - plot.left, y - plot.top] as const);
      return rowsInPolygon(plot.points, pointStyles.peek().levels, corners);
    },
    boxOf(block) {
      const projection = projectionOf(block);
      return projection ? fits.box(projection, nowS()) : [0, 0, 1, 1];
    },
  };
}

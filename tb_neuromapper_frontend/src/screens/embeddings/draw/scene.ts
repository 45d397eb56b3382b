import type { ReadonlySignal } from "@preact/signals";
import { BACKGROUND } from "../../../color/palette";
import { fromHex } from "../../../color/space";
import { type Affine, apply, HOME, toClip, toPixels } from "../../../render/camera";
import {
  type Panel,
  type PointStyles,
  placeIn,
  type Ring,
  type Scene,
  type Trail,
} from "../../../render/scatter/scene";
import type { TrailPoint } from "../../../render/scatter/trail";
import type { Session } from "../../../session";
import { slicesAt } from "../../../session/steps";
import type { Embeddings } from "../state/actions";
import type { Appearance } from "../state/appearance";
import type { Coloring } from "../state/colors";
import type { PositionCache } from "../state/positions";
import { fadeMisrepresented } from "../state/preservation";
import { blockOf } from "../state/run_pair";
import type { Projection } from "../types";
import type { DensityLayer } from "./density_layer";
import type { Fits } from "./fit";
import type { Relayouts } from "./relayout";

export interface SceneInputs {
  session: Session;
  embeddings: Embeddings;
  cache: PositionCache;
  pointStyles: ReadonlySignal<PointStyles>;
  /** Which rows are on view: 0 or not. */
  shown: ReadonlySignal<Uint8Array>;
  coloring: ReadonlySignal<Coloring>;
}

/** When and where: the place in time, the clock on the wall, the plots' places in the canvas. */
export interface Moment {
  at: number;
  nowS: number;
  relayouts: Relayouts;
  fits: Fits;
  densityLayer: DensityLayer;
  rects: ReadonlyMap<string, Panel["rect"]>;
  size: { width: number; height: number };
}

/** What is on the screen at this moment. */
export function sceneOf(inputs: SceneInputs, moment: Moment): Scene {
  const { session, embeddings, pointStyles } = inputs;
  const panels: Panel[] = [];
  for (const projection of embeddings.projections.peek()) {
    const panel = panelOf(inputs, moment, projection);
    if (panel) panels.push(panel);
  }
  const pixelRatio = Math.min(3, window.devicePixelRatio || 1);
  const ground = fromHex(BACKGROUND[session.theme.peek()]);
  return {
    size: moment.size,
    pixelRatio,
    panels,
    pointStyles: pointStyles.peek(),
    rings: ringsOf(session, embeddings),
    ground,
  };
}

function panelOf(inputs: SceneInputs, moment: Moment, projection: Projection): Panel | null {
  const { session, embeddings, cache } = inputs;
  const rect = moment.rects.get(projection.block);
  // A new layout whose positions are still to come leaves the old picture where it is.
  const coming = projection.state !== "failed" && projection.state !== "cancelled";
  const last = () => (coming ? moment.relayouts.last(viewOf(projection)) : null);
  const slices = rect && (slicesOf(session, cache, projection, moment.at) ?? last());
  if (!rect || !slices) return null;
  const camera = embeddings.cameras.peek()[blockOf(projection.block)] ?? HOME;
  const box = moment.fits.box(projection, moment.nowS);
  const still = slices.from === slices.to;
  if (!still) moment.relayouts.moving(viewOf(projection));
  const mixed = still ? moment.relayouts.still(viewOf(projection), slices.to, moment.nowS) : slices;
  const own = cache.peek(projection.id, session.epoch.peek() ?? Number.NaN);
  const n = Math.min(slices.to.xy.length / 2, embeddings.sampling.peek().size ?? Number.POSITIVE_INFINITY);
  return {
    rect,
    view: toClip(camera, box, rect),
    ...mixed,
    ...adjusted(appearanceOf(n, rect, camera.zoom), embeddings.appearance.peek()),
    ...moment.densityLayer.layersOf({ ...mixed, projection, own }, moment.nowS),
    levels: levelsOf(inputs, projection),
    trails: markedRows(session, embeddings).map((row) =>
      trailOf(inputs, projection, row, toPixels(camera, box, rect)),
    ),
  };
}

/** The levels in a view whose misrepresented samples fade; null: those of all views. */
function levelsOf({ embeddings, pointStyles }: SceneInputs, { id }: Projection): Uint8Array | null {
  const known = embeddings.fading.peek() ? embeddings.preservation.peek()[id] : undefined;
  return known ? fadeMisrepresented(pointStyles.peek().levels, known.shares) : null;
}

/** What stays the same while a block's layouts come and go. */
export function viewOf({ run, runs, block }: Projection): string {
  return JSON.stringify([runs ?? run, block]);
}

/** The two slices of a projection that are mixed at a place in time. */
export function slicesOf(session: Session, cache: PositionCache, projection: Projection, at: number) {
  const steps = session.epochs.peek();
  const cursor = slicesAt(at, steps.length, (i) => cache.peek(projection.id, steps[i]) !== undefined);
  if (!cursor) return null;
  const from = cache.slice(projection.id, steps[cursor.from]);
  const to = cache.slice(projection.id, steps[cursor.to]);
  return from && to ? { from, to, mix: cursor.mix } : null;
}

/** The pinned sample and the one under the pointer. */
function markedRows(session: Session, embeddings: Embeddings): number[] {
  const rows = [session.pinned.peek(), embeddings.hover.peek()?.row ?? null];
  return [...new Set(rows)].filter((row) => row !== null);
}

function inkOf(session: Session): readonly [number, number, number] {
  return session.theme.peek() === "dark" ? [1, 1, 1] : [0, 0, 0];
}

function ringsOf(session: Session, embeddings: Embeddings): Ring[] {
  const pinned = session.pinned.peek();
  return markedRows(session, embeddings).map((row) => ({
    row,
    color: inkOf(session),
    diameter: row === pinned ? 17 : 14,
  }));
}

const NEAR_OPACITY = 0.8;
const FAR_OPACITY = 0.15;

/** The way of a sample through the epochs: the past grows stronger up to now, the future is faint. */
function trailOf({ session, cache }: SceneInputs, projection: Projection, row: number, place: Affine): Trail {
  const steps = session.epochs.peek();
  const now = steps.indexOf(session.epoch.peek() ?? Number.NaN);
  const points: TrailPoint[] = [];
  for (const [index, step] of steps.entries()) {
    const slice = cache.peek(projection.id, step);
    const position = slice && placeIn(slice, row);
    if (!position) continue;
    const [x, y] = apply(place, ...position);
    const share = index <= now ? (index + 1) / (now + 1) : 0;
    points.push({ x, y, opacity: FAR_OPACITY + (NEAR_OPACITY - FAR_OPACITY) * share });
  }
  return { points, color: inkOf(session) };
}

/** The more points, the smaller and the more transparent; larger as one zooms in. */
export function appearanceOf(n: number, rect: { width: number; height: number }, zoom: number) {
  const room = Math.sqrt((rect.width * rect.height) / Math.max(1, n));
  const diameter = Math.min(10, Math.min(6.5, 1.6 + room * 0.14) * zoom ** 0.3);
  return { diameter, opacity: Math.min(0.95, 0.32 + room * 0.06) };
}

/** As the user wishes it larger or smaller, stronger or fainter. */
function adjusted({ diameter, opacity }: ReturnType<typeof appearanceOf>, appearance: Appearance) {
  return {
    diameter: Math.max(1, diameter * appearance.size),
    opacity: Math.min(1, opacity * appearance.opacity),
  };
}

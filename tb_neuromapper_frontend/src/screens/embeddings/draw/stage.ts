import { effect } from "@preact/signals";
import { type Box, HOME, toPixels } from "../../../render/camera";
import type { BlendedPoints } from "../../../render/scatter/blended";
import { type Point, rowsInPolygon } from "../../../render/scatter/lasso";
import { pick } from "../../../render/scatter/picking";
import { createScatter } from "../../../render/scatter/scatter";
import type { Panel } from "../../../render/scatter/scene";
import { blockOf } from "../state/run_pair";
import { createDensityLayer } from "./density_layer";
import { createFits } from "./fit";
import { createRelayouts } from "./relayout";
import { type SceneParts, sceneOf, slicesOf } from "./scene";
import { createTimeline } from "./timeline";

/** Draws the current views into the canvas, and moves it through the epochs. */
export interface Stage {
  /** Draws a block's points in an element, until the function that it returns is called. */
  addPlot(block: string, element: HTMLElement): () => void;
  /** Something moved on the page: measure again. */
  measure(): void;
  /** The sample at a place in the window; -1 without any. */
  pickAt(block: string, clientX: number, clientY: number, radius: number): number;
  /** The samples whose points lie in a polygon; its corners are places in the window. */
  rowsIn(block: string, polygon: readonly Point[]): number[];
  /** Draws now and gives the canvas to `take`, which has to copy it at once. */
  snapshot(take: (drawn: DrawnFrame) => void): void;
  /** The same for each frame that is drawn from now on; null: no longer. */
  onFrame(take: ((drawn: DrawnFrame) => void) | null): void;
  /** The part of the plane that the block's view shows at zoom 1. */
  boxOf(block: string): Box;
  readonly nFrames: number;
  readonly nSlices: number;
  dispose(): void;
}

/** The canvas as it has just been drawn, and where the plots are in it, in CSS pixels. */
export interface DrawnFrame {
  canvas: HTMLCanvasElement;
  rects: ReadonlyMap<string, Panel["rect"]>;
  size: Panel["rect"];
}

/** A longer pause between two frames does not make the picture leap. */
const MAX_ELAPSED_S = 0.1;

/** @returns null if the browser has no WebGL2. */
export function createStage(parts: SceneParts, canvas: HTMLCanvasElement): Stage | null {
  const { session, embeddings, cache, pointStyles } = parts;
  const places = createPlaces(canvas);
  const stillness = window.matchMedia("(prefers-reduced-motion: reduce)");
  let frame = 0;
  let lastTime = 0;
  const request = () => {
    if (frame === 0) frame = requestAnimationFrame(onFrame);
  };
  const scatter = createScatter(canvas, (isLost) => {
    session.actions.drawingInterrupted(isLost);
    if (!isLost) request();
  });
  if (!scatter) return null;
  const timeline = createTimeline(session, embeddings, cache, () => stillness.matches);
  const relayouts = createRelayouts(() => stillness.matches);
  const fits = createFits(cache, () => stillness.matches);
  const clock = () => performance.now();
  const densityLayer = createDensityLayer({ ...parts, clock, jump: () => stillness.matches });
  let nowS = 0;
  let taker: ((drawn: DrawnFrame) => void) | null = null;

  const draw = (take: ((drawn: DrawnFrame) => void) | null) => {
    const { rects, origin } = places.measured();
    if (origin.height <= 0) return;
    const moment = { at: timeline.at(), nowS, relayouts, fits, densityLayer, rects, size: origin };
    scatter.draw(sceneOf(parts, moment), cache.keeps);
    take?.({ canvas, rects, size: origin });
  };

  const onFrame = (time: number) => {
    frame = 0;
    nowS = time / 1000;
    const elapsedS = lastTime === 0 ? 0 : Math.min(MAX_ELAPSED_S, (time - lastTime) / 1000);
    const moving = timeline.advance(elapsedS);
    draw(taker);
    densityLayer.work(nowS);
    const active = moving || relayouts.isActive(nowS) || fits.isActive(nowS) || densityLayer.isActive(nowS);
    lastTime = active ? time : 0;
    embeddings.actions.settledChanged(!active && timeline.arrived());
    if (active) request();
  };
  const unwatch = effect(() => {
    watched(parts);
    densityLayer.watch();
    request();
  });
  const unwatchArrivals = effect(() => {
    embeddings.projections.value;
    embeddings.nArrivals.value;
    fits.refresh();
  });
  const moved = () => {
    places.forget();
    request();
  };
  /** A plot's points, and its place in the window. */
  const plotOf = (block: string): { points: BlendedPoints; left: number; top: number } | null => {
    const { rects, origin } = places.measured();
    const rect = rects.get(block);
    const projection = embeddings.projections.peek().find((each) => each.block === block);
    const slices = projection && slicesOf(session, cache, projection, timeline.at());
    if (!rect || !slices) return null;
    const camera = embeddings.cameras.peek()[blockOf(block)] ?? HOME;
    const points = { ...slices, toPixels: toPixels(camera, fits.box(projection, nowS), rect) };
    return { points, left: origin.x + rect.x, top: origin.y + rect.y };
  };
  return {
    addPlot(block, element) {
      places.add(block, element);
      moved();
      return () => {
        places.remove(block, element);
        moved();
      };
    },
    measure: moved,
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
    snapshot: draw,
    onFrame(take) {
      taker = take;
      request();
    },
    boxOf(block) {
      const projection = embeddings.projections.peek().find((each) => each.block === block);
      return projection ? fits.box(projection, nowS) : [0, 0, 1, 1];
    },
    get nFrames() {
      return scatter.nFrames;
    },
    get nSlices() {
      return scatter.nSlices;
    },
    dispose() {
      cancelAnimationFrame(frame);
      unwatch();
      unwatchArrivals();
      timeline.dispose();
      scatter.dispose();
    },
  };
}

/** Where the plots are in the canvas; measured once until something moves. */
function createPlaces(canvas: HTMLCanvasElement) {
  const plots = new Map<string, HTMLElement>();
  let known: { rects: Map<string, Panel["rect"]>; origin: Panel["rect"] } | null = null;
  const measure = () => {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    const rects = new Map<string, Panel["rect"]>();
    for (const [block, element] of plots) {
      const box = element.getBoundingClientRect();
      rects.set(block, { x: box.left - left, y: box.top - top, width: box.width, height: box.height });
    }
    return { rects, origin: { x: left, y: top, width, height } };
  };
  return {
    add(block: string, element: HTMLElement) {
      plots.set(block, element);
    },
    /** Its successor may have come before it goes: after a change of runs the views of a block change hands. */
    remove(block: string, element: HTMLElement) {
      if (plots.get(block) === element) plots.delete(block);
    },
    forget() {
      known = null;
    },
    measured() {
      known ??= measure();
      return known;
    },
  };
}

/** Reads every signal that the picture depends on. */
function watched({ session, embeddings, pointStyles }: SceneParts): void {
  pointStyles.value;
  embeddings.projections.value;
  embeddings.panels.value;
  session.epoch.value;
  session.playing.value;
  session.speed.value;
  embeddings.cameras.value;
  embeddings.hover.value?.row;
  session.pinned.value;
  embeddings.nArrivals.value;
  embeddings.fading.value;
  embeddings.preservation.value;
  session.theme.value;
  embeddings.appearance.value;
}

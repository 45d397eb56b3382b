import { effect } from "@preact/signals";
import { createFrameLoop } from "../../../render/frame_loop";
import { createScatter } from "../../../render/scatter/scatter";
import type { Panel } from "../../../render/scatter/scene";
import { createDensityLayer } from "./density_layer";
import { createFits } from "./fit";
import { createHitTest, type HitTest } from "./hit_test";
import { createPlaces } from "./places";
import { createRelayouts } from "./relayout";
import { type SceneInputs, sceneOf } from "./scene";
import { createTimeline } from "./timeline";

/** Draws the current views into the canvas, and moves it through the epochs. */
export interface Stage extends HitTest {
  /** Draws a block's points in an element, until the function that it returns is called. */
  addPlot(block: string, element: HTMLElement): () => void;
  /** Something moved on the page: measure again. */
  measure(): void;
  /** Draws now and gives the canvas to `take`, which has to copy it at once. */
  snapshot(take: (drawn: DrawnFrame) => void): void;
  /** The same for each frame that is drawn from now on; null: no longer. */
  onFrame(take: ((drawn: DrawnFrame) => void) | null): void;
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

/** @returns null if the browser has no WebGL2. */
export function createStage(inputs: SceneInputs, canvas: HTMLCanvasElement): Stage | null {
  const { session, embeddings, cache } = inputs;
  const stillness = window.matchMedia("(prefers-reduced-motion: reduce)");
  const isStill = () => stillness.matches;
  let nowS = 0;
  let taker: ((drawn: DrawnFrame) => void) | null = null;
  const loop = createFrameLoop((elapsedS, timeMs) => {
    nowS = timeMs / 1000;
    const moving = timeline.advance(elapsedS);
    draw(taker);
    densityLayer.work(nowS);
    const active = moving || relayouts.isActive(nowS) || fits.isActive(nowS) || densityLayer.isActive(nowS);
    embeddings.actions.settledChanged(!active && timeline.arrived());
    return active;
  });
  const scatter = createScatter(canvas, (isLost) => {
    session.actions.drawingInterrupted(isLost);
    if (!isLost) loop.request();
  });
  if (!scatter) return null;
  const places = createPlaces(canvas, loop.request);
  const timeline = createTimeline(session, embeddings, cache, isStill);
  const relayouts = createRelayouts(isStill);
  const fits = createFits(cache, isStill);
  const densityLayer = createDensityLayer({ ...inputs, clock: () => performance.now(), jump: isStill });
  const hitTest = createHitTest(inputs, { places, fits, at: timeline.at, nowS: () => nowS });
  const draw = (take: ((drawn: DrawnFrame) => void) | null) => {
    const { rects, origin } = places.measured();
    if (origin.height <= 0) return;
    const moment = { at: timeline.at(), nowS, relayouts, fits, densityLayer, rects, size: origin };
    scatter.draw(sceneOf(inputs, moment), cache.keeps);
    take?.({ canvas, rects, size: origin });
  };
  const unwatch = effect(() => {
    readSignals(inputs);
    densityLayer.watch();
    loop.request();
  });
  const unwatchArrivals = effect(() => {
    embeddings.projections.value;
    embeddings.nArrivals.value;
    fits.refresh();
  });
  return {
    ...hitTest,
    addPlot: places.add,
    measure: places.measure,
    snapshot: draw,
    onFrame(take) {
      taker = take;
      loop.request();
    },
    get nFrames() {
      return scatter.nFrames;
    },
    get nSlices() {
      return scatter.nSlices;
    },
    dispose() {
      loop.dispose();
      unwatch();
      unwatchArrivals();
      timeline.dispose();
      scatter.dispose();
    },
  };
}

/** Reads every signal that the picture depends on. */
function readSignals({ session, embeddings, pointStyles }: SceneInputs): void {
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

import { effect, type ReadonlySignal } from "@preact/signals";
import type { Projection } from "../../api/types";
import { HOME, toClip, toPixels } from "../../render/camera";
import { pick } from "../../render/picking";
import { createScatter } from "../../render/scatter";
import type { Marks, Panel, Ring, Scene } from "../../render/scene";
import { createClock } from "../../state/clock";
import type { PositionCache } from "../../state/positions";
import { indexOfStep, slicesAt } from "../../state/steps";
import type { Store } from "../../state/store";

/** Draws the store's current picture into the canvas, and moves it through the epochs. */
export interface Stage {
  /** The element in which a block's points are drawn; null takes it away. */
  setPlot(block: string, element: HTMLElement | null): void;
  /** Something moved on the page: measure again. */
  measure(): void;
  /** The sample at a place in the window; -1 without any. */
  pickAt(block: string, clientX: number, clientY: number, radius: number): number;
  readonly nFrames: number;
  readonly nSlices: number;
  dispose(): void;
}

interface Parts {
  store: Store;
  cache: PositionCache;
  marks: ReadonlySignal<Marks>;
  canvas: HTMLCanvasElement;
}

type Rect = Panel["rect"];

export function createStage({ store, cache, marks, canvas }: Parts): Stage | null {
  const plots = new Map<string, HTMLElement>();
  let rects = new Map<string, Rect>();
  let origin = { x: 0, y: 0, width: 0, height: 0 };
  let measured = false;
  let frame = 0;
  let lastTime = 0;
  const request = () => {
    if (frame === 0) frame = requestAnimationFrame(onFrame);
  };
  const scatter = createScatter(canvas, request);
  if (!scatter) return null;
  const clock = createTimeline(store, cache);

  const measure = () => {
    const box = canvas.getBoundingClientRect();
    origin = { x: box.left, y: box.top, width: box.width, height: box.height };
    rects = new Map();
    for (const [block, element] of plots) {
      const { left, top, width, height } = element.getBoundingClientRect();
      rects.set(block, { x: left - box.left, y: top - box.top, width, height });
    }
    measured = true;
  };
  const onFrame = (time: number) => {
    frame = 0;
    const elapsedS = lastTime === 0 ? 0 : Math.min(0.1, (time - lastTime) / 1000);
    const moving = clock.advance(elapsedS);
    lastTime = moving ? time : 0;
    if (!measured) measure();
    if (origin.height > 0) scatter.draw(sceneOf({ store, cache, marks }, clock.at(), rects, origin));
    if (moving) request();
  };
  const unwatch = effect(() => {
    watched(store, marks);
    request();
  });
  return {
    setPlot(block, element) {
      if (element) plots.set(block, element);
      else plots.delete(block);
      measured = false;
      request();
    },
    measure() {
      measured = false;
      request();
    },
    pickAt(block, clientX, clientY, radius) {
      if (!measured) measure();
      const rect = rects.get(block);
      const projection = store.projections.peek().find((each) => each.block === block);
      if (!rect || !projection) return -1;
      const slices = slicesOf(store, cache, projection, clock.at());
      if (!slices) return -1;
      const camera = store.cameras.peek()[block] ?? HOME;
      const pickable = { ...slices, toPixels: toPixels(camera, projection.extent, rect) };
      const [x, y] = [clientX - origin.x - rect.x, clientY - origin.y - rect.y];
      return pick(pickable, marks.peek().levels, x, y, radius);
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
      clock.dispose();
      scatter.dispose();
    },
  };
}

/** Reads every signal that the picture depends on. */
function watched(store: Store, marks: ReadonlySignal<Marks>): void {
  marks.value;
  store.projections.value;
  store.step.value;
  store.playing.value;
  store.speed.value;
  store.cameras.value;
  store.hover.value?.row;
  store.nArrivals.value;
  store.theme.value;
}

/** Ties the clock to the store: where it should go, how fast, and when it has come to an epoch. */
function createTimeline(store: Store, cache: PositionCache) {
  const clock = createClock();
  const stillness = window.matchMedia("(prefers-reduced-motion: reduce)");
  let steps: number[] = [];
  let shownRun: string | null = null;
  const unwatch = effect(() => {
    const next = store.steps.value;
    if (next.length > 0) {
      const step = steps[Math.round(clock.at)] ?? next[next.length - 1];
      const fresh = shownRun !== store.runName.peek();
      const same = steps.length > 0 && steps.every((each, index) => next[index] === each);
      if (fresh) clock.remap(indexOfStep(next, store.step.peek() ?? step));
      else if (!same) clock.remap(indexOfStep(next, step));
      shownRun = store.runName.peek();
    }
    steps = next;
  });
  const currentAt = (index: number) =>
    store.projections.peek().every((projection) => {
      const at = projection.steps.indexOf(steps[index]);
      return at < 0 || cache.isCurrent(projection, at);
    });
  const loadedAt = (index: number) =>
    store.projections.peek().every(({ id, steps: own }) => {
      return !own.includes(steps[index]) || cache.slice(id, steps[index]) !== undefined;
    });
  const play = (elapsedS: number): boolean => {
    const next = Math.min(steps.length - 1, Math.floor(clock.at) + 1);
    clock.advance(elapsedS, store.speed.peek(), loadedAt(next) ? next : Math.floor(clock.at));
    if (clock.at >= steps.length - 1) {
      if (store.loop.peek()) clock.moveTo(0, true);
      else store.actions.playEnded();
    }
    const at = stillness.matches ? Math.floor(clock.at) : Math.round(clock.at);
    store.actions.playedTo(steps[at]);
    return true;
  };
  const move = (elapsedS: number): boolean => {
    const target = indexOfStep(steps, store.step.peek() ?? 0);
    if (clock.at !== target && loadedAt(target)) clock.moveTo(target, stillness.matches);
    clock.advance(elapsedS, 0, target);
    const arrived = clock.at === target;
    store.actions.settledChanged(arrived && loadedAt(target) && currentAt(target));
    return clock.moving;
  };
  return {
    at: () => (stillness.matches ? Math.floor(clock.at) : clock.at),
    /** Returns whether another frame is needed. */
    advance(elapsedS: number): boolean {
      if (steps.length === 0) return false;
      cache.want(store.projections.peek(), store.step.peek() ?? 0);
      if (!store.playing.peek()) return move(elapsedS);
      store.actions.settledChanged(false);
      return play(elapsedS);
    },
    dispose: unwatch,
  };
}

function slicesOf(store: Store, cache: PositionCache, projection: Projection, at: number) {
  const steps = store.steps.peek();
  const cursor = slicesAt(at, steps.length, (i) => cache.slice(projection.id, steps[i]) !== undefined);
  if (!cursor) return null;
  const from = cache.slice(projection.id, steps[cursor.from]);
  const to = cache.slice(projection.id, steps[cursor.to]);
  return from && to ? { from, to, mix: cursor.mix } : null;
}

function sceneOf(
  { store, cache, marks }: Omit<Parts, "canvas">,
  at: number,
  rects: Map<string, Rect>,
  size: { width: number; height: number },
): Scene {
  const panels: Panel[] = [];
  for (const projection of store.projections.peek()) {
    const rect = rects.get(projection.block);
    const slices = slicesOf(store, cache, projection, at);
    if (!rect || !slices) continue;
    const camera = store.cameras.peek()[projection.block] ?? HOME;
    const n = slices.to.xy.length / 2;
    const look = lookOf(n, rect, camera.zoom);
    panels.push({ rect, view: toClip(camera, projection.extent, rect), ...slices, ...look });
  }
  const pixelRatio = Math.min(3, window.devicePixelRatio || 1);
  return { size, pixelRatio, panels, marks: marks.peek(), rings: ringsOf(store) };
}

function ringsOf(store: Store): Ring[] {
  const hover = store.hover.peek();
  if (!hover) return [];
  const color = store.theme.peek() === "dark" ? ([1, 1, 1] as const) : ([0, 0, 0] as const);
  return [{ row: hover.row, color, diameter: 14 }];
}

/** The more points, the smaller and the more transparent; larger as one zooms in. */
export function lookOf(n: number, rect: { width: number; height: number }, zoom: number) {
  const room = Math.sqrt((rect.width * rect.height) / Math.max(1, n));
  const diameter = Math.min(10, Math.min(6, Math.max(1.8, room * 0.36)) * zoom ** 0.3);
  return { diameter, opacity: Math.min(0.95, Math.max(0.35, 0.45 + room / 25)) };
}

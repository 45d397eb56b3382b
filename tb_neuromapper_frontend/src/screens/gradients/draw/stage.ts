import { effect } from "@preact/signals";
import { flowTexels } from "../../../color/flow_colors";
import { BACKGROUND, type Theme } from "../../../color/palette";
import { fromHex } from "../../../color/space";
import { toClip } from "../../../render/camera";
import { createFlow } from "../../../render/flow/flow";
import type { Color, FlowScene, FlowStep } from "../../../render/flow/scene";
import type { Session } from "../../../session";
import { indexOfStep } from "../../../session/steps";
import type { Gradients } from "../state/actions";
import type { FlowFrames } from "../state/flow_frames";
import { sameUnit, type UnitRef } from "../state/state";
import { boxOf, type FlowModel } from "./model";
import { createSweep } from "./sweep";

/** Draws the neuron view and lets the gradient travel through it. */
export interface FlowStage {
  /** The step that is drawn, or null before the first. */
  readonly step: number | null;
  readonly nFrames: number;
  readonly nBuffers: number;
  /** Milliseconds of JavaScript that the last frames took, the newest last. */
  readonly frameMs: readonly number[];
  readonly prepareMs: readonly number[];
  /** Nodes and lines in the picture. */
  readonly nNodes: number;
  readonly nLinks: number;
  dispose(): void;
}

const MAX_ELAPSED_S = 0.1;
const N_TIMED = 300;
/** Units with a ring; each is drawn by itself. */
const MAX_MARKED = 300;
/** Steps whose lines are drawn before they are on view. */
const N_AHEAD = 3;
/** Beyond all nodes: the whole picture is the coming step's. */
const NOWHERE = -1e9;
const MUTED: Record<Theme, Color> = { light: fromHex("#8a8d91"), dark: fromHex("#7f858b") };
const INK: Record<Theme, Color> = { light: fromHex("#202124"), dark: fromHex("#e8eaed") };
const ACCENT: Record<Theme, Color> = { light: fromHex("#c25100"), dark: fromHex("#ff9d4d") };

/** @returns null if the browser has no WebGL2. */
export function createFlowStage(
  session: Session,
  gradients: Gradients,
  frames: FlowFrames,
  model: FlowModel,
  canvas: HTMLCanvasElement,
): FlowStage | null {
  const stillness = window.matchMedia("(prefers-reduced-motion: reduce)");
  const sweep = createSweep();
  const palettes = { light: flowTexels("light"), dark: flowTexels("dark") };
  const frameMs: number[] = [];
  let frame = 0;
  let lastTime = 0;
  let readying: ReturnType<typeof setTimeout> | undefined;
  let upcoming: FlowStep[] = [];
  let nReplays = gradients.nReplays.peek();
  const request = () => {
    if (frame === 0) frame = requestAnimationFrame(onFrame);
  };
  const flow = createFlow(canvas, request);
  if (!flow) return null;

  const isReady = (wanted: number) => {
    const found = upcoming.find(({ step }) => step === wanted);
    return found !== undefined && flow.isReady(found);
  };
  /** Starts on the way to the wanted step as soon as it is ready; the first is shown at once. */
  const follow = () => {
    const wanted = session.recordedStep.peek();
    if (wanted === null || !frames.get(wanted)) return;
    if (sweep.coming !== null && wanted !== sweep.coming && !isReady(wanted)) return;
    const how = sweep.coming === null || (stillness.matches && !session.playing.peek()) ? "jump" : undefined;
    sweep.goTo(wanted, how ?? (session.follow.peek() ? "queue" : "travel"));
  };
  /** While playing: the next step once the gradient has reached the input. */
  const play = () => {
    if (!session.playing.peek() || sweep.active || sweep.coming !== session.recordedStep.peek()) return;
    const steps = session.trainSteps.peek();
    const index = indexOfStep(steps, sweep.coming ?? 0);
    if (index < steps.length - 1) {
      if (isReady(steps[index + 1])) session.actions.trainPlayedTo(steps[index + 1]);
    } else if (session.loop.peek()) session.actions.trainPlayedTo(steps[0]);
    else session.actions.playEnded();
  };
  const prefetch = () => {
    const steps = session.trainSteps.peek();
    const wanted = session.recordedStep.peek();
    if (wanted === null) return;
    const index = indexOfStep(steps, wanted);
    const ahead = session.playing.peek() ? [1, 2, 3] : [1, -1];
    const next = ahead.flatMap((by) => steps[index + by] ?? []);
    frames.want([wanted, ...next]);
    // Between two frames, not in one: it takes some milliseconds for a large network.
    clearTimeout(readying);
    readying = setTimeout(() => {
      const ready = [wanted, ...next].flatMap((step) => model.step(step) ?? []).slice(0, N_AHEAD);
      if (ready.length === upcoming.length && ready.every((step, i) => step === upcoming[i])) return;
      upcoming = ready;
      request();
    });
  };
  /** @returns whether the next frame would be the same. */
  const draw = () => {
    const scene = sceneNow(session, gradients, model, sweep, {
      still: stillness.matches,
      palettes,
      upcoming,
    });
    return scene === null || flow.draw(scene);
  };
  const onFrame = (time: number) => {
    const started = performance.now();
    frame = 0;
    const elapsedS = lastTime === 0 ? 0 : Math.min(MAX_ELAPSED_S, (time - lastTime) / 1000);
    sweep.advance(elapsedS, gradients.passS.peek());
    play();
    follow();
    prefetch();
    const isSame = draw();
    const moving = sweep.active || (session.playing.peek() && session.trainSteps.peek().length > 1);
    const active = (moving || !isSame) && !model.hidden.peek();
    lastTime = active ? time : 0;
    const shown = sweep.coming === null ? null : model.step(sweep.coming);
    gradients.actions.flowSettled(
      !moving && shown !== null && flow.isReady(shown) && sweep.coming === session.recordedStep.peek(),
    );
    frameMs.push(performance.now() - started);
    if (frameMs.length > N_TIMED) frameMs.shift();
    if (active) request();
  };
  const unwatch = effect(() => {
    watched(session, gradients, model);
    if (gradients.nReplays.value !== nReplays && !stillness.matches) sweep.replay();
    nReplays = gradients.nReplays.peek();
    // They may have been made for another layout.
    upcoming = [];
    request();
  });
  const unwatchRun = effect(() => {
    session.runName.value;
    sweep.forget();
  });
  return {
    get step() {
      return sweep.coming;
    },
    get nFrames() {
      return flow.nFrames;
    },
    get nBuffers() {
      return flow.nBuffers;
    },
    frameMs,
    prepareMs: model.prepareMs,
    get nNodes() {
      return model.layout.peek()?.x.length ?? 0;
    },
    get nLinks() {
      return sweep.coming === null ? 0 : (model.step(sweep.coming)?.nLinks ?? 0);
    },
    dispose() {
      cancelAnimationFrame(frame);
      clearTimeout(readying);
      unwatch();
      unwatchRun();
      flow.dispose();
    },
  };
}

interface Moment {
  still: boolean;
  palettes: Record<Theme, Uint8Array>;
  upcoming: readonly FlowStep[];
}

function sceneNow(
  session: Session,
  gradients: Gradients,
  model: FlowModel,
  sweep: ReturnType<typeof createSweep>,
  { still, palettes, upcoming }: Moment,
): FlowScene | null {
  const layout = model.layout.peek();
  const size = model.size.peek();
  const coming = sweep.coming === null ? null : model.step(sweep.coming);
  if (!layout || !coming || size.height < 1) return null;
  const moving = sweep.active && !still;
  const frontWidth = Math.max(1.5, layout.width / 24);
  const way = layout.width + 5 * frontWidth;
  const theme = session.theme.peek();
  const pinned = gradients.pinned.peek();
  const hover = gradients.hover.peek();
  const hovered = hover?.kind === "unit" ? hover.ref : null;
  return {
    size,
    pixelRatio: window.devicePixelRatio || 1,
    places: layout,
    view: toClip(gradients.camera.peek(), boxOf(layout), size),
    going: moving && sweep.going !== null ? model.step(sweep.going) : null,
    coming,
    next: upcoming,
    front: moving ? layout.width + 2 * frontWidth - sweep.progress * way : NOWHERE,
    frontWidth,
    glow: moving ? 1 : 0,
    ahead: moving ? aheadOf(sweep.progress, gradients.passS.peek()) : 1,
    // Whole seconds a pass, so that the dashes end where they began.
    timeS: moving ? sweep.progress * Math.ceil(gradients.passS.peek()) : 0,
    palette: palettes[theme],
    ground: fromHex(BACKGROUND[theme]),
    muted: MUTED[theme],
    accent: ACCENT[theme],
    focus: nodeOf(model, hovered ?? pinned),
    rings: [
      ...gradients.marked
        .peek()
        .slice(0, MAX_MARKED)
        .map((ref) => ({ node: nodeOf(model, ref), color: INK[theme] })),
      { node: nodeOf(model, pinned), color: ACCENT[theme] },
      { node: sameUnit(hovered, pinned) ? -1 : nodeOf(model, hovered), color: INK[theme] },
    ].filter(({ node }) => node >= 0),
  };
}

/** What the front has not reached recedes, less so in a fast pass, which would flicker. */
function aheadOf(progress: number, passS: number): number {
  const depth = 0.7 * Math.min(1, passS / 2);
  return 1 - depth * Math.min(1, progress / 0.08);
}

/** The node that shows a unit, alone or with the rest of its layer; -1 without any. */
export function nodeOf(model: FlowModel, ref: UnitRef | null): number {
  const layout = model.layout.peek();
  const index = ref && layout ? layout.columnOf.get(ref.layer) : undefined;
  if (!ref || !layout || index === undefined) return -1;
  const column = layout.columns[index];
  if (ref.unit >= 0) return layout.nodeOf[index][ref.unit] ?? -1;
  return column.nHidden > 0 ? column.first + column.nNodes - 1 : -1;
}

/** Reads every signal that the picture depends on. */
function watched(session: Session, gradients: Gradients, model: FlowModel): void {
  model.layout.value;
  model.size.value;
  model.hidden.value;
  session.recordedStep.value;
  gradients.nFrames.value;
  gradients.summary.value;
  gradients.camera.value;
  gradients.hover.value;
  gradients.pinned.value;
  gradients.marked.value;
  gradients.shown.value;
  gradients.edgeLimit.value;
  gradients.passS.value;
  session.playing.value;
  session.connection.value;
  session.theme.value;
}

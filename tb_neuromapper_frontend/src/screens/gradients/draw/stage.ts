import { effect } from "@preact/signals";
import { flowTexels } from "../../../color/flow_colors";
import { createFlow } from "../../../render/flow/flow";
import { createFrameLoop } from "../../../render/frame_loop";
import type { Session } from "../../../session";
import type { Gradients } from "../state/actions";
import type { FlowFrames } from "../state/flow_frames";
import type { FlowModel } from "./model";
import { sceneOf } from "./scene";
import { createSweep } from "./sweep";
import { createTravel } from "./travel";
import { createUpcoming } from "./upcoming";

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

const N_TIMED = 300;

/** @returns null if the browser has no WebGL2. */
export function createFlowStage(
  session: Session,
  gradients: Gradients,
  frames: FlowFrames,
  model: FlowModel,
  canvas: HTMLCanvasElement,
): FlowStage | null {
  const stillness = window.matchMedia("(prefers-reduced-motion: reduce)");
  const isStill = () => stillness.matches;
  const palettes = { light: flowTexels("light"), dark: flowTexels("dark") };
  const sweep = createSweep();
  const frameMs: number[] = [];
  const loop = createFrameLoop((elapsedS) => {
    const started = performance.now();
    sweep.advance(elapsedS, gradients.passS.peek());
    travel.play();
    travel.follow();
    upcoming.prefetch();
    const isSame = draw();
    const moving = sweep.active || (session.playing.peek() && session.trainSteps.peek().length > 1);
    gradients.actions.flowSettled(!moving && isShown());
    frameMs.push(performance.now() - started);
    if (frameMs.length > N_TIMED) frameMs.shift();
    return (moving || !isSame) && !model.hidden.peek();
  });
  const flow = createFlow(canvas, loop.request);
  if (!flow) return null;
  const upcoming = createUpcoming(session, frames, model, loop.request);
  const isReady = (wanted: number) => {
    const found = upcoming.steps.find(({ step }) => step === wanted);
    return found !== undefined && flow.isReady(found);
  };
  const travel = createTravel({ session, gradients, frames, sweep, isReady, isStill });
  const comingStep = () => (sweep.coming === null ? null : model.step(sweep.coming));
  /** @returns whether the next frame would be the same. */
  const draw = () => {
    const moment = { isStill: isStill(), palettes, upcoming: upcoming.steps };
    const scene = sceneOf(session, gradients, model, sweep, moment);
    return scene === null || flow.draw(scene);
  };
  /** Whether the wanted step is the one that is drawn, with all its lines. */
  const isShown = () => {
    const coming = comingStep();
    return coming !== null && flow.isReady(coming) && sweep.coming === session.recordedStep.peek();
  };
  const unwatch = effect(() => {
    readSignals(session, gradients, model);
    upcoming.forget();
    loop.request();
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
      return comingStep()?.nLinks ?? 0;
    },
    dispose() {
      loop.dispose();
      upcoming.dispose();
      travel.dispose();
      unwatch();
      flow.dispose();
    },
  };
}

/** Reads every signal that the picture depends on. */
function readSignals(session: Session, gradients: Gradients, model: FlowModel): void {
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
  gradients.nReplays.value;
  session.playing.value;
  session.connection.value;
  session.theme.value;
}

import { effect } from "@preact/signals";
import type { Transport } from "../../api/transport";
import type { Session } from "../../session";
import { cursorKeys } from "../../session/cursor";
import type { OpenScreen, PageState } from "../../session/part";
import type { Screen } from "../../session/screen";
import { integer } from "../../ui/format";
import { createGradientsApi } from "./api";
import type { FlowStage } from "./draw/stage";
import overviewCss from "./overview.css?inline";
import { GradientControls } from "./parts/controls";
import { GradientsScreen } from "./parts/screen";
import { createGradients, forgetRun, type Gradients, showTarget } from "./state/actions";
import { createFlowFrames, type FlowFrames } from "./state/flow_frames";
import { gradientsPoll, syncGradientDetails } from "./state/load_details";
import { gradientsLink } from "./state/url";
import flowCss from "./style.css?inline";

const css = [flowCss, overviewCss].join("");

/** The gradient's flow back through the network, neuron by neuron. */
export const gradients: Screen = { name: "gradients", title: "Gradients", css, create: openGradients };

export function openGradients(session: Session, transport: Transport): OpenScreen & { state: Gradients } {
  const api = createGradientsApi(transport);
  const state = createGradients(session);
  const { actions } = state;
  const frames = createFlowFrames({
    api,
    summary: () => state.summary.peek(),
    onArrival: actions.frameArrived,
    onFailure: session.actions.failed,
  });
  let stage: FlowStage | null = null;
  const onStage = (next: FlowStage | null) => {
    stage = next;
  };
  syncGradientDetails(session, state, api);
  effect(() => {
    session.runName.value;
    frames.clear();
  });
  return {
    state,
    needs: "run",
    hasPanels: true,
    Controls: () => <GradientControls session={session} gradients={state} />,
    Body: () => <GradientsScreen session={session} gradients={state} frames={frames} onStage={onStage} />,
    pageState: () => pageStateOf(state),
    settled: () => state.settled.value,
    keys: () => ({
      ...cursorKeys(session.actions.trainStepMoves),
      " ": session.actions.trainStepMoves.togglePlaying,
      r: actions.flowReplayed,
      Escape: () => actions.unitPinned(null),
    }),
    forget(what) {
      if (what === "run") forgetRun(session, state);
    },
    link: gradientsLink(state),
    poll: gradientsPoll(session, state, api),
    isOffered: () => !session.runs.value?.exported,
    show: (target) => showTarget(session, state, target),
    problems: () => [
      ...(state.summary.value?.problems ?? []),
      ...(session.screen.value === "gradients"
        ? stepProblems(state, frames, session.recordedStep.value)
        : []),
    ],
    inspect: () => ({ flow: inspectFlow(stage) }),
  };
}

function pageStateOf({ summary, nFrames }: Gradients): PageState {
  if (summary.value?.steps.length === 0) return "empty";
  return summary.value && nFrames.value > 0 ? "ready" : "loading";
}

/** Of the displayed training step. */
function stepProblems({ nFrames }: Gradients, frames: FlowFrames, step: number | null): string[] {
  nFrames.value;
  if (step === null) return [];
  return (frames.get(step)?.problems ?? []).map((problem) => `step ${integer(step)}: ${problem}`);
}

/** What browser tests may ask of the neuron view; null while it is not open. */
function inspectFlow(stage: FlowStage | null) {
  if (!stage) return null;
  const { step, nFrames, frameMs, prepareMs, nBuffers, nNodes, nLinks } = stage;
  return {
    step,
    frames: nFrames,
    /** Milliseconds of JavaScript of the last frames, and of making steps ready. */
    frameMs: [...frameMs],
    prepareMs: [...prepareMs],
    gpuBuffers: nBuffers,
    nodes: nNodes,
    links: nLinks,
  };
}

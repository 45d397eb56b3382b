import type { Stage } from "./screens/embeddings/draw/stage";
import type { PositionCache } from "./screens/embeddings/state/positions";
import { blockOf } from "./screens/embeddings/state/run_pair";
import type { FlowStage } from "./screens/gradients/draw/stage";
import type { Store } from "./session/state";

declare global {
  interface Window {
    __neuromapper?: { inspect: () => Inspection };
  }
}

/** What browser tests may ask; nothing on the page depends on it. */
export interface Inspection {
  run: string | null;
  step: number | null;
  blocks: {
    name: string;
    run: string;
    nPoints: number;
    revision: number | null;
    state: string;
    steps: number;
  }[];
  /** The rows of the selected samples. */
  selected: number[];
  /** Frames drawn since the page was opened. */
  frames: number;
  /** Slices (an epoch of a block) on the GPU, and in memory. */
  gpuEpochs: number;
  cpuEpochs: number;
  /** Of the neuron view; null while it is not open. */
  flow: FlowInspection | null;
}

export interface FlowInspection {
  step: number | null;
  frames: number;
  /** Milliseconds of JavaScript of the last frames, and of making steps ready. */
  frameMs: number[];
  prepareMs: number[];
  gpuBuffers: number;
  nodes: number;
  links: number;
}

export function inspector(
  store: Store,
  cache: PositionCache,
  stage: () => Stage | null,
  flowStage: () => FlowStage | null,
): () => Inspection {
  return () => ({
    run: store.runName.peek(),
    step: store.step.peek(),
    blocks: store.projections.peek().map((projection) => {
      const step = store.step.peek() ?? 0;
      const index = projection.steps.indexOf(step);
      const slice = cache.peek(projection.id, step);
      return {
        name: blockOf(projection.block),
        run: projection.run,
        nPoints: slice ? slice.xy.length / 2 : 0,
        revision: index < 0 || !cache.isCurrent(projection, index) ? null : projection.revisions[index],
        state: projection.state,
        steps: projection.steps.length,
      };
    }),
    selected: [...store.selected.peek()],
    frames: stage()?.nFrames ?? 0,
    gpuEpochs: stage()?.nSlices ?? 0,
    cpuEpochs: cache.nSlices,
    flow: inspectFlow(flowStage()),
  });
}

function inspectFlow(stage: FlowStage | null): FlowInspection | null {
  if (!stage) return null;
  const { step, nFrames, frameMs, prepareMs, nBuffers, nNodes, nLinks } = stage;
  return {
    step,
    frames: nFrames,
    frameMs: [...frameMs],
    prepareMs: [...prepareMs],
    gpuBuffers: nBuffers,
    nodes: nNodes,
    links: nLinks,
  };
}

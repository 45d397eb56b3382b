import type { Session } from "../../session";
import type { Stage } from "./draw/stage";
import type { Embeddings } from "./state/actions";
import type { PositionCache } from "./state/positions";
import { blockOf } from "./state/run_pair";

/** What browser tests may ask of the scatter views. */
export function inspectScatter(
  { epoch }: Session,
  { projections }: Embeddings,
  cache: PositionCache,
  stage: Stage | null,
) {
  const now = epoch.peek() ?? 0;
  return {
    blocks: projections.peek().map((projection) => {
      const index = projection.steps.indexOf(now);
      const slice = cache.peek(projection.id, now);
      return {
        name: blockOf(projection.block),
        run: projection.run,
        nPoints: slice ? slice.xy.length / 2 : 0,
        revision: index < 0 || !cache.isCurrent(projection, index) ? null : projection.revisions[index],
        state: projection.state,
        steps: projection.steps.length,
      };
    }),
    /** Frames drawn since the page was opened. */
    frames: stage?.nFrames ?? 0,
    /** Slices (an epoch of a block) on the GPU, and in memory. */
    gpuEpochs: stage?.nSlices ?? 0,
    cpuEpochs: cache.nSlices,
  };
}

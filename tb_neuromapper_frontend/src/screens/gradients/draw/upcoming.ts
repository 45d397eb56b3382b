import type { FlowStep } from "../../../render/flow/scene";
import type { Session } from "../../../session";
import { indexOfStep } from "../../../session/steps";
import type { FlowFrames } from "../state/flow_frames";
import type { FlowModel } from "./model";

/** Steps whose lines are drawn before they are on view. */
const N_AHEAD = 3;

/** The wanted step and those that may come next, ready to draw. */
export interface Upcoming {
  readonly steps: readonly FlowStep[];
  /** Fetches them, and makes them ready a little later. */
  prefetch(): void;
  /** They may have been made for another layout. */
  forget(): void;
  dispose(): void;
}

/** @param onReady called when other steps than before are ready. */
export function createUpcoming(
  session: Session,
  frames: FlowFrames,
  model: FlowModel,
  onReady: () => void,
): Upcoming {
  let steps: FlowStep[] = [];
  let readying: ReturnType<typeof setTimeout> | undefined;
  return {
    get steps() {
      return steps;
    },
    prefetch() {
      const all = session.trainSteps.peek();
      const wanted = session.recordedStep.peek();
      if (wanted === null) return;
      const index = indexOfStep(all, wanted);
      const ahead = session.playing.peek() ? [1, 2, 3] : [1, -1];
      const next = ahead.flatMap((by) => all[index + by] ?? []);
      frames.want([wanted, ...next]);
      // Between two frames, not in one: it takes some milliseconds for a large network.
      clearTimeout(readying);
      readying = setTimeout(() => {
        const ready = [wanted, ...next].flatMap((step) => model.step(step) ?? []).slice(0, N_AHEAD);
        if (ready.length === steps.length && ready.every((step, i) => step === steps[i])) return;
        steps = ready;
        onReady();
      });
    },
    forget() {
      steps = [];
    },
    dispose() {
      clearTimeout(readying);
    },
  };
}

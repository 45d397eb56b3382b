import { effect } from "@preact/signals";
import type { Session } from "../../../session";
import { indexOfStep } from "../../../session/steps";
import type { Gradients } from "../state/actions";
import type { FlowFrames } from "../state/flow_frames";
import type { Sweep } from "./sweep";

interface TravelOptions {
  session: Session;
  gradients: Gradients;
  frames: FlowFrames;
  sweep: Sweep;
  /** Whether a step can be displayed without delay. */
  isReady(step: number): boolean;
  /** Whether motion is unwanted. */
  isStill(): boolean;
}

/** Sends the gradient where the session is, and while playing the session where the gradient has been. */
export interface Travel {
  /** Starts on the way to the wanted step as soon as it is ready; the first is shown at once. */
  follow(): void;
  /** While playing: the next step once the gradient has reached the input. */
  play(): void;
  dispose(): void;
}

export function createTravel(options: TravelOptions): Travel {
  const { session, gradients, frames, sweep, isReady, isStill } = options;
  let nReplays = gradients.nReplays.peek();
  const unwatchReplays = effect(() => {
    const isAsked = gradients.nReplays.value !== nReplays;
    nReplays = gradients.nReplays.value;
    if (isAsked && !isStill()) sweep.replay();
  });
  const unwatchRun = effect(() => {
    session.runName.value;
    sweep.forget();
  });
  return {
    follow() {
      const wanted = session.recordedStep.peek();
      if (wanted === null || !frames.get(wanted)) return;
      if (sweep.coming !== null && wanted !== sweep.coming && !isReady(wanted)) return;
      const jumps = sweep.coming === null || (isStill() && !session.playing.peek());
      sweep.goTo(wanted, jumps ? "jump" : session.follow.peek() ? "queue" : "travel");
    },
    play() {
      if (!session.playing.peek() || sweep.active || sweep.coming !== session.recordedStep.peek()) return;
      const steps = session.trainSteps.peek();
      const index = indexOfStep(steps, sweep.coming ?? 0);
      if (index < steps.length - 1) {
        if (isReady(steps[index + 1])) session.actions.trainPlayedTo(steps[index + 1]);
      } else if (session.loop.peek()) session.actions.trainPlayedTo(steps[0]);
      else session.actions.playEnded();
    },
    dispose() {
      unwatchReplays();
      unwatchRun();
    },
  };
}

import { batch } from "@preact/signals";
import { epochAt } from "./axes";
import type { State } from "./state";
import { indexOfStep } from "./steps";

/** The cursor among the training steps. It and the epoch are one: moving either moves the other. */
export function trainActions(state: State) {
  const { gradients } = state;
  const go = (step: number) => {
    batch(() => {
      const newest = gradients.steps.peek().at(-1);
      state.trainStep.value = step;
      state.follow.value = newest !== undefined && step >= newest;
      const steps = state.steps.peek();
      const epoch = state.follow.peek() ? (steps.at(-1) ?? null) : epochAt(state.axis.peek(), step);
      if (epoch !== null) state.step.value = steps.length > 0 ? steps[indexOfStep(steps, epoch)] : epoch;
    });
  };
  const index = () => indexOfStep(gradients.steps.peek(), gradients.step.peek() ?? 0);
  const goToIndex = (at: number) => {
    const steps = gradients.steps.peek();
    if (steps.length > 0) go(steps[Math.min(steps.length - 1, Math.max(0, at))]);
  };
  const paused = (move: () => void) => () => {
    batch(() => {
      state.playing.value = false;
      move();
    });
  };
  return {
    /** Moves the cursor to a training step; at or after the newest recorded one means following. */
    trainStepChosen(step: number) {
      paused(() => go(step))();
    },
    previousTrainStep: paused(() => goToIndex(index() - 1)),
    nextTrainStep: paused(() => goToIndex(index() + 1)),
    firstTrainStep: paused(() => goToIndex(0)),
    lastTrainStep: paused(() => goToIndex(gradients.steps.peek().length - 1)),
    /** While playing, the neuron view says which step comes next. */
    trainPlayedTo(step: number) {
      go(step);
    },
    /** Plays from here; from the first recorded step if this is the last. */
    trainPlayToggled() {
      batch(() => {
        const n = gradients.steps.peek().length;
        const starting = !state.playing.peek() && n > 1;
        if (starting && index() === n - 1) goToIndex(0);
        state.playing.value = starting;
      });
    },
  };
}

import { batch, effect } from "@preact/signals";
import { epochAt, trainStepAt } from "./axes";
import { type CursorMoves, cursorMoves } from "./cursor";
import type { SessionState } from "./state";
import { indexOfStep } from "./steps";

/** The cursor among the training steps. It and the one among the epochs are one: moving either moves the other. */
export function trainStepActions(state: SessionState) {
  /** At or after the newest recorded step means following. */
  const go = (step: number) => {
    batch(() => {
      const newest = state.trainSteps.peek().at(-1);
      state.trainStep.value = step;
      state.follow.value = newest !== undefined && step >= newest;
      const epochs = state.epochs.peek();
      const epoch = state.follow.peek() ? (epochs.at(-1) ?? null) : epochAt(state.axis.peek(), step);
      if (epoch !== null) state.epoch.value = epochs.length > 0 ? epochs[indexOfStep(epochs, epoch)] : epoch;
    });
  };
  const trainStepMoves: CursorMoves = cursorMoves(state, state.trainSteps, state.recordedStep, go);
  return {
    trainStepMoves,
    trainStepChosen: trainStepMoves.choose,
    /** While playing, the neuron view says which step comes next. */
    trainPlayedTo: go,
    /** The recorded steps, and the last epoch before each; while following, the cursor goes to the newest. */
    trainStepsLoaded(steps: readonly number[], lastEpochs: readonly (number | null)[]) {
      batch(() => {
        state.trainSteps.value = steps;
        state.lastEpochs.value = lastEpochs;
        const newest = steps.at(-1) ?? null;
        if (state.follow.peek() && !state.playing.peek() && newest !== null) state.trainStep.value = newest;
      });
    },
  };
}

/** A link that names an epoch alone means the training step before it, once that is known. */
export function syncTrainStep({ follow, epoch, trainStep, axis }: SessionState): () => void {
  return effect(() => {
    if (follow.value || trainStep.value !== null || epoch.value === null) return;
    const found = trainStepAt(axis.value, epoch.value);
    if (found !== null) trainStep.value = found;
  });
}

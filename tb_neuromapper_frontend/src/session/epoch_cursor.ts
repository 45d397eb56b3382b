import { batch } from "@preact/signals";
import { trainStepAt } from "./axes";
import { type CursorMoves, cursorMoves } from "./cursor";
import { type SessionState, SPEEDS } from "./state";
import { indexOfStep } from "./steps";

/** The cursor among the epochs. It and the one among the training steps are one: moving either moves the other. */
export function epochActions(state: SessionState) {
  /** To the epoch nearest to `epoch`. Being at the newest one means following. */
  const go = (epoch: number) => {
    const epochs = state.epochs.peek();
    if (epochs.length === 0) return;
    const index = indexOfStep(epochs, epoch);
    batch(() => {
      state.epoch.value = epochs[index];
      state.follow.value = index === epochs.length - 1;
      const newest = state.follow.peek() ? state.trainSteps.peek().at(-1) : undefined;
      const trainStep = newest ?? trainStepAt(state.axis.peek(), epochs[index]);
      if (trainStep !== null) state.trainStep.value = trainStep;
    });
  };
  const epochMoves: CursorMoves = cursorMoves(state, state.epochs, state.epoch, go);
  return {
    epochMoves,
    epochChosen: epochMoves.choose,
    /** While playing, the clock says which epoch it has come to. */
    playedTo(epoch: number) {
      if (state.epoch.peek() !== epoch) go(epoch);
    },
    playEnded() {
      state.playing.value = false;
    },
    speedChosen(speed: number) {
      if ((SPEEDS as readonly number[]).includes(speed)) state.speed.value = speed;
    },
    loopToggled() {
      state.loop.value = !state.loop.peek();
    },
  };
}

import { batch } from "@preact/signals";
import { SPEEDS } from "../screens/embeddings/state/color_by";
import { trainStepAt } from "./axes";
import type { State } from "./state";
import { indexOfStep } from "./steps";

export function timeActions(state: State) {
  const go = (step: number) => {
    const steps = state.steps.peek();
    if (steps.length === 0) return;
    const index = indexOfStep(steps, step);
    batch(() => {
      state.step.value = steps[index];
      state.follow.value = index === steps.length - 1;
      const newest = state.follow.peek() ? state.gradients.steps.peek().at(-1) : undefined;
      const trainStep = newest ?? trainStepAt(state.axis.peek(), steps[index]);
      if (trainStep !== null) state.trainStep.value = trainStep;
    });
  };
  const goToIndex = (index: number) => {
    const steps = state.steps.peek();
    go(steps[Math.min(steps.length - 1, Math.max(0, index))]);
  };
  const index = () => indexOfStep(state.steps.peek(), state.step.peek() ?? 0);
  const pause = () => {
    state.playing.value = false;
  };
  return {
    /** Shows the logged step nearest to `step`. Being at the newest means following. */
    stepChosen(step: number) {
      batch(() => {
        pause();
        go(step);
      });
    },
    previousStep() {
      batch(() => {
        pause();
        goToIndex(index() - 1);
      });
    },
    nextStep() {
      batch(() => {
        pause();
        goToIndex(index() + 1);
      });
    },
    firstStep() {
      batch(() => {
        pause();
        goToIndex(0);
      });
    },
    lastStep() {
      batch(() => {
        pause();
        goToIndex(state.steps.peek().length - 1);
      });
    },
    /** While playing, the clock says which epoch it has come to. */
    playedTo(step: number) {
      if (state.step.peek() !== step) go(step);
    },
    /** Plays from here; from the first epoch if this is the last. */
    playToggled() {
      batch(() => {
        const starting = !state.playing.peek() && state.steps.peek().length > 1;
        if (starting && index() === state.steps.peek().length - 1) goToIndex(0);
        state.playing.value = starting;
      });
    },
    playEnded() {
      pause();
    },
    speedChosen(speed: number) {
      if ((SPEEDS as readonly number[]).includes(speed)) state.speed.value = speed;
    },
    loopToggled() {
      state.loop.value = !state.loop.peek();
    },
  };
}

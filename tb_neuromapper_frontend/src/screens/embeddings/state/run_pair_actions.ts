import { batch } from "@preact/signals";
import type { Accuracy, Outcomes } from "../../../api/types";
import type { State } from "../../../session/state";
import { needsOutcomes } from "./color_by";
import type { Other } from "./other_run";

export function compareActions(state: State) {
  return {
    accuraciesLoaded(loaded: readonly Accuracy[]) {
      state.accuracies.value = Object.fromEntries(loaded.map((each) => [each.run, each]));
    },
    subclustersLoaded(found: State["subclusters"]["value"]) {
      state.subclusters.value = found;
    },
    otherLoaded(name: string, other: Other) {
      if (name === state.beside.peek()) state.other.value = other;
    },
    otherOutcomesLoaded(name: string, outcomes: Outcomes) {
      if (name === state.beside.peek()) state.otherOutcomes.value = outcomes;
    },
    /** Another run comes beside the one that is shown, in the same space; null: none. */
    besideChosen(name: string | null) {
      if (name === state.beside.peek() || name === state.runName.peek()) return;
      batch(() => {
        state.beside.value = name;
        state.other.value = null;
        state.otherOutcomes.value = null;
        state.projections.value = [];
        state.successors.value = {};
        state.preservation.value = {};
        state.subclusters.value = null;
        state.pointed.value = null;
        state.hover.value = null;
        state.playing.value = false;
        state.resting.value = null;
        // The runs differ in their outcomes, and a point has one colour in all views.
        if (name !== null && needsOutcomes(state.colorBy.peek())) state.colorBy.value = "label";
      });
    },
  };
}

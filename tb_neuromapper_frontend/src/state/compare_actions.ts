import { batch } from "@preact/signals";
import type { Accuracy } from "../api/types";
import type { State } from "./store";

export function compareActions(state: State) {
  return {
    accuraciesLoaded(loaded: readonly Accuracy[]) {
      state.accuracies.value = Object.fromEntries(loaded.map((each) => [each.run, each]));
    },
    subclustersLoaded(found: State["subclusters"]["value"]) {
      state.subclusters.value = found;
    },
    /** Another run comes beside the one that is shown, in the same space; null: none. */
    besideChosen(name: string | null) {
      if (name === state.beside.peek() || name === state.runName.peek()) return;
      batch(() => {
        state.beside.value = name;
        state.projections.value = [];
        state.successors.value = {};
        state.preservation.value = {};
        state.subclusters.value = null;
        state.pointed.value = null;
        state.hover.value = null;
        state.playing.value = false;
        state.settled.value = false;
        // The outcomes on view are the first run's.
        if (!["label", "movement"].includes(state.colorBy.peek())) state.colorBy.value = "label";
      });
    },
  };
}

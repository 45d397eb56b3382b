import type { Outcomes } from "../../../api/types";
import type { SessionState } from "../../../session/state";
import type { Accuracy, Preservation } from "../types";
import type { ComparedRun, EmbeddingsState, NearestSamples, PairSubclusters } from "./state";

/** What the server answered; what is about another run than those on the screen changes nothing. */
export function dataActions(session: SessionState, state: EmbeddingsState) {
  return {
    outcomesLoaded(run: string, outcomes: Outcomes) {
      if (run === session.runName.peek()) state.outcomes.value = outcomes;
    },
    comparedOutcomesLoaded(run: string, outcomes: Outcomes) {
      if (run === state.comparedName.peek()) state.comparedOutcomes.value = outcomes;
    },
    comparedRunLoaded(run: string, other: ComparedRun) {
      if (run === state.comparedName.peek()) state.comparedRun.value = other;
    },
    accuraciesLoaded(loaded: readonly Accuracy[]) {
      state.accuracies.value = Object.fromEntries(loaded.map((each) => [each.run, each]));
    },
    subclustersLoaded(found: PairSubclusters) {
      state.subclusters.value = found;
    },
    nearestLoaded(nearest: NearestSamples | null) {
      state.nearest.value = nearest;
    },
    /** Of the displayed layouts; what is known of others is forgotten. */
    preservationLoaded(loaded: readonly Preservation[]) {
      state.preservation.value = Object.fromEntries(loaded.map((each) => [each.id, each]));
    },
    positionsArrived() {
      state.nArrivals.value += 1;
    },
  };
}

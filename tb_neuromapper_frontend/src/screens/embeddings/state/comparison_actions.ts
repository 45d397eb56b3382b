import { batch } from "@preact/signals";
import type { Runs } from "../../../api/types";
import type { SessionState } from "../../../session/state";
import { needsOutcomes } from "./color_by";
import { comparableRuns } from "./run_pair";
import type { EmbeddingsState } from "./state";

export function comparisonActions(session: SessionState, state: EmbeddingsState) {
  return {
    /** Another run comes beside the one that is shown, in the same space; null: none. */
    comparisonChosen(name: string | null) {
      if (name === state.comparedName.peek() || name === session.runName.peek()) return;
      batch(() => {
        state.comparedName.value = name;
        forgetComparison(state);
        state.preservation.value = {};
        state.subclusters.value = null;
        state.pointed.value = null;
        state.hover.value = null;
        session.playing.value = false;
        state.resting.value = null;
        // The runs differ in their outcomes, and a point has one colour in all views.
        if (name !== null && needsOutcomes(state.colorBy.peek())) state.colorBy.value = "label";
      });
    },
    /** The runs arrived: what is not among them, or cannot be shown beside the run, is shown no more. */
    comparisonChecked(runs: Runs) {
      const comparedName = state.comparedName.peek();
      const run = session.runName.peek();
      if (comparedName === null) return;
      const isGone = !runs.runs.some(({ name }) => name === comparedName);
      if (!isGone && (run === null || comparableRuns(runs, run).includes(comparedName))) return;
      state.comparedName.value = null;
      forgetComparison(state);
      // A link may name a run twice; an exported page shows side by side only what was exported so.
      if (isGone) session.failure.value = `The run ${comparedName} is not in ${runs.log_dir}.`;
      else if (runs.exported)
        session.failure.value = `This exported page does not hold ${run} and ${comparedName} side by side.`;
      else session.unusedOfLink.value = [...(session.unusedOfLink.peek() ?? []), "beside"];
    },
  };
}

/** What is known of another run, and the layouts, which lie in a space of their own. */
export function forgetComparison(state: EmbeddingsState): void {
  state.comparedRun.value = null;
  state.comparedOutcomes.value = null;
  state.projections.value = [];
  state.successors.value = {};
}

import { batch } from "@preact/signals";
import type { Outcomes, Run, Runs, Samples } from "../api/types";
import { columnOf, isMetadata } from "../screens/embeddings/state/color_by";
import { choicesBeside } from "../screens/embeddings/state/run_pair";
import { forgetGradients } from "../screens/gradients/state/actions";
import { SCREENS } from "../screens/registry";
import { forgetFindings } from "../screens/scalars/state/actions";
import { settleLink } from "./link";
import { NO_ROWS } from "./selection";
import type { State } from "./state";

export function runActions(state: State) {
  const forgetRun = () => {
    state.run.value = null;
    state.samples.value = null;
    state.projections.value = [];
    state.successors.value = {};
    state.tried.value = [];
    state.outcomes.value = null;
    state.other.value = null;
    state.otherOutcomes.value = null;
    state.pointed.value = null;
    state.preservation.value = {};
    state.hover.value = null;
    state.pinned.value = null;
    state.selected.value = NO_ROWS;
    state.isolated.value = false;
    state.nearest.value = null;
    state.playing.value = false;
    state.resting.value = null;
  };
  const startRun = (name: string | null) => {
    forgetRun();
    state.runName.value = name;
    state.step.value = null;
    state.trainStep.value = null;
    forgetGradients(state);
    forgetFindings(state);
    state.follow.value = true;
    state.hiddenClasses.value = new Set();
    state.beside.value = null;
    state.cameras.value = {};
    state.chosenBlocks.value = null;
    state.enlarged.value = null;
  };
  /** A link may name a run twice; an exported page shows side by side only what was exported so. */
  const dropBeside = (runs: Runs) => {
    const beside = state.beside.peek();
    const run = state.runName.peek();
    if (beside === null || run === null || choicesBeside(runs, run).includes(beside)) return;
    state.beside.value = null;
    state.projections.value = [];
    if (runs.exported)
      state.failure.value = `This exported page does not hold ${run} and ${beside} side by side.`;
    else state.unusedOfLink.value = [...(state.unusedOfLink.peek() ?? []), "beside"];
  };
  return {
    /** The list of runs arrived: the wanted one is shown if it is there, else the last one, else the first. */
    runsLoaded(runs: Runs) {
      batch(() => {
        if (JSON.stringify(runs) !== JSON.stringify(state.runs.peek())) state.runs.value = runs;
        if (runs.exported) state.screen.value = SCREENS[0];
        const names = runs.runs.map((run) => run.name);
        const beside = state.beside.peek();
        let gone = "";
        if (beside !== null && !names.includes(beside)) {
          state.beside.value = null;
          state.other.value = null;
          state.otherOutcomes.value = null;
          state.projections.value = [];
          gone = `The run ${beside} is not in ${runs.log_dir}.`;
        }
        const wanted = state.wantedRun.peek();
        const now = state.runName.peek();
        const next = [wanted, now, ...names].find((name) => name !== null && names.includes(name)) ?? null;
        if (next === now) {
          if (gone) state.failure.value = gone;
          return dropBeside(runs);
        }
        const missing = wanted ?? now;
        const instead = next === null ? "" : ` Showing ${next} instead.`;
        const isMissing = missing !== null && next !== missing;
        state.failure.value = isMissing ? `The run ${missing} is not in ${runs.log_dir}.${instead}` : gone;
        // A link's epoch and choices belong to the wanted run, which may only now have appeared.
        if (now !== null || isMissing) startRun(next);
        else state.runName.value = next;
        dropBeside(runs);
      });
    },
    runSelected(name: string) {
      state.wantedRun.value = name;
      if (name === state.runName.peek()) return;
      batch(() => {
        startRun(name);
        state.failure.value = "";
      });
    },
    runLoaded(run: Run) {
      if (run.name !== state.runName.peek()) return;
      batch(() => {
        const before = state.run.peek();
        if (before && before.probe_version !== run.probe_version) forgetRun();
        if (JSON.stringify(before) !== JSON.stringify(run) || !state.run.peek()) state.run.value = run;
        settleLink(state);
      });
    },
    samplesLoaded(name: string, samples: Samples) {
      if (name !== state.runName.peek()) return;
      batch(() => {
        state.samples.value = samples;
        // A link, or the run before, may name a column that is not there.
        const by = state.colorBy.peek();
        if (isMetadata(by) && !Object.hasOwn(samples.metadata, columnOf(by))) state.colorBy.value = "label";
      });
    },
    outcomesLoaded(name: string, outcomes: Outcomes | null) {
      if (name === state.runName.peek()) state.outcomes.value = outcomes;
    },
    positionsArrived() {
      state.nArrivals.value += 1;
    },
    /** A frame was drawn; the picture rests at the current step, or is on its way. */
    settledChanged(settled: boolean) {
      state.resting.value = settled ? { step: state.step.peek() } : null;
    },
  };
}

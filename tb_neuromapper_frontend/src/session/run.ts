import { batch } from "@preact/signals";
import type { Run, Runs, Samples } from "../api/types";
import { settleLink } from "./link";
import { NO_ROWS } from "./selection";
import { partsOf, type SessionState } from "./state";

export function runActions(state: SessionState) {
  return {
    /** The list of runs arrived. */
    runsLoaded(runs: Runs) {
      batch(() => {
        if (JSON.stringify(runs) !== JSON.stringify(state.runs.peek())) state.runs.value = runs;
        if (runs.exported) state.screen.value = state.screens.peek()[0]?.name ?? "";
        chooseRun(state, runs);
        for (const part of partsOf(state)) part.runsLoaded?.(runs);
      });
    },
    runSelected(name: string) {
      state.wantedRun.value = name;
      if (name === state.runName.peek()) return;
      batch(() => {
        startRun(state, name);
        state.failure.value = "";
      });
    },
    runLoaded(run: Run) {
      if (run.name !== state.runName.peek()) return;
      batch(() => {
        const before = state.run.peek();
        if (before && before.probe_version !== run.probe_version) {
          forgetSamples(state);
          for (const part of partsOf(state)) part.forget("samples");
        }
        if (JSON.stringify(before) !== JSON.stringify(run) || !state.run.peek()) state.run.value = run;
        settleLink(state);
      });
    },
    samplesLoaded(name: string, samples: Samples) {
      if (name === state.runName.peek()) state.samples.value = samples;
    },
    /** A screen has loaded more of the run. */
    runGrew() {
      state.nUpdates.value += 1;
    },
    screenChosen(screen: string) {
      batch(() => {
        state.screen.value = screen;
        state.playing.value = false;
      });
    },
  };
}

function forgetSamples(state: SessionState): void {
  state.run.value = null;
  state.samples.value = null;
  state.pinned.value = null;
  state.selected.value = NO_ROWS;
  state.isolated.value = false;
  state.playing.value = false;
}

function startRun(state: SessionState, name: string | null): void {
  forgetSamples(state);
  state.runName.value = name;
  state.epoch.value = null;
  state.trainStep.value = null;
  state.follow.value = true;
  state.hiddenClasses.value = new Set();
  for (const part of partsOf(state)) part.forget("run");
}

/** The wanted run is shown if it is there, else the last one, else the first. */
function chooseRun(state: SessionState, runs: Runs): void {
  const names = runs.runs.map((run) => run.name);
  const wanted = state.wantedRun.peek();
  const now = state.runName.peek();
  const next = [wanted, now, ...names].find((name) => name !== null && names.includes(name)) ?? null;
  if (next === now) return;
  const missing = wanted ?? now;
  const instead = next === null ? "" : ` Showing ${next} instead.`;
  const isMissing = missing !== null && next !== missing;
  state.failure.value = isMissing ? `The run ${missing} is not in ${runs.log_dir}.${instead}` : "";
  // A link's epoch and choices belong to the wanted run, which may only now have appeared.
  if (now !== null || isMissing) startRun(state, next);
  else state.runName.value = next;
}

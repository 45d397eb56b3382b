import { batch } from "@preact/signals";
import { type Camera, HOME } from "../../../render/camera";
import type { State } from "../../../session/state";
import type { Distributions, Gradients, Measure, OverviewPart, UnitHistory } from "../types";
import { joinOverview } from "./overview";
import {
  EDGE_LIMITS,
  type EdgeLimit,
  type FlowHover,
  PASS_SECONDS,
  type Shown,
  sameUnit,
  type UnitRef,
} from "./state";

export function gradientActions(state: State) {
  const { gradients } = state;
  return { ...dataActions(state), ...unitActions(state), ...lookActions(gradients) };
}

function dataActions(state: State) {
  const { gradients } = state;
  const isShown = (run: string) => run === state.runName.peek();
  return {
    /** What was recorded of the run; while following, the cursor goes to its newest step. */
    gradientsLoaded(loaded: Gradients) {
      if (!isShown(loaded.run)) return;
      batch(() => {
        // After a crash and a new start the same steps may hold other values.
        if (!goesOn(gradients.summary.peek(), loaded)) gradients.overview.value = null;
        gradients.summary.value = loaded;
        const newest = loaded.steps.at(-1) ?? null;
        if (state.follow.peek() && !state.playing.peek() && newest !== null) state.trainStep.value = newest;
      });
    },
    overviewLoaded(run: string, part: OverviewPart) {
      if (isShown(run)) gradients.overview.value = joinOverview(gradients.overview.peek(), part);
    },
    overviewForgotten() {
      gradients.overview.value = null;
    },
    historyLoaded(history: UnitHistory | null) {
      if (history === null || (isShown(history.run) && sameUnit(history, gradients.pinned.peek())))
        gradients.history.value = history;
    },
    distributionsLoaded(loaded: Distributions | null) {
      if (loaded === null || (isShown(loaded.run) && loaded.layer === gradients.layer.peek()))
        gradients.distributions.value = loaded;
    },
    frameArrived() {
      gradients.nFrames.value += 1;
    },
    flowSettled(settled: boolean) {
      gradients.resting.value = settled ? gradients.step.peek() : null;
    },
  };
}

function unitActions({ gradients }: State) {
  const chooseLayer = (layer: string | null) => {
    if (layer === gradients.layer.peek()) return;
    gradients.distributions.value = null;
    gradients.parameter.value = null;
    gradients.marked.value = [];
    gradients.layer.value = layer;
  };
  return {
    flowHovered(hover: FlowHover | null) {
      if (hover === null && gradients.hover.peek() === null) return;
      gradients.hover.value = hover;
    },
    /** One unit is followed through the steps; again, or null: none is. */
    unitPinned(ref: UnitRef | null) {
      batch(() => {
        const same = ref !== null && sameUnit(ref, gradients.pinned.peek());
        gradients.pinned.value = same ? null : ref;
        gradients.history.value = null;
        if (ref && !same) chooseLayer(ref.layer);
      });
    },
    layerChosen: chooseLayer,
    parameterChosen(name: string) {
      gradients.parameter.value = name;
    },
    /** All units of a layer are shown, or the strongest only. */
    layerUnfolded(layer: string) {
      gradients.unfolded.value = toggled(gradients.unfolded.peek(), layer);
    },
    unitsRanked(step: number | null) {
      gradients.rankedAt.value = step;
    },
  };
}

function lookActions(gradients: State["gradients"]) {
  return {
    measureChosen(measure: Measure) {
      gradients.measure.value = measure;
    },
    modulesFolded(paths: readonly string[]) {
      gradients.folded.value = new Set(paths);
    },
    moduleFolded(path: string) {
      gradients.folded.value = toggled(gradients.folded.peek(), path);
    },
    shownChosen(shown: Shown) {
      gradients.shown.value = shown;
    },
    edgeLimitChosen(limit: EdgeLimit) {
      if (EDGE_LIMITS.includes(limit)) gradients.edgeLimit.value = limit;
    },
    passChosen(seconds: number) {
      if ((PASS_SECONDS as readonly number[]).includes(seconds)) gradients.passS.value = seconds;
    },
    flowMoved(camera: Camera) {
      gradients.camera.value = camera;
    },
    flowFitted() {
      gradients.camera.value = HOME;
    },
    flowReplayed() {
      gradients.nReplays.value += 1;
    },
  };
}

function goesOn(before: Gradients | null, now: Gradients): boolean {
  if (!before) return true;
  const { steps, versions } = before;
  return steps.every((step, index) => now.steps[index] === step && now.versions[index] === versions[index]);
}

function toggled(set: ReadonlySet<string>, item: string): ReadonlySet<string> {
  const next = new Set(set);
  if (!next.delete(item)) next.add(item);
  return next;
}

/** Everything that belongs to one run. */
export function forgetGradients({ gradients }: State): void {
  gradients.summary.value = null;
  gradients.overview.value = null;
  gradients.folded.value = new Set();
  gradients.unfolded.value = new Set();
  gradients.layer.value = null;
  gradients.pinned.value = null;
  gradients.hover.value = null;
  gradients.marked.value = [];
  gradients.parameter.value = null;
  gradients.history.value = null;
  gradients.distributions.value = null;
  gradients.rankedAt.value = null;
  gradients.camera.value = HOME;
  gradients.resting.value = null;
}

import { batch } from "@preact/signals";
import { type Camera, HOME } from "../../../render/camera";
import type { Session } from "../../../session";
import type { Target } from "../../../session/part";
import type { Distributions, GradientsSummary, Measure, OverviewPart, UnitHistory } from "../types";
import { joinOverview } from "./overview";
import {
  createGradientsState,
  EDGE_LIMITS,
  type EdgeLimit,
  type FlowHover,
  type GradientsState,
  PASS_SECONDS,
  type Shown,
  sameUnit,
  type UnitRef,
} from "./state";

/** What the gradients screen knows and shows, and what changes it. */
export type Gradients = GradientsState & { actions: ReturnType<typeof gradientActions> };

export function createGradients(session: Session): Gradients {
  const state = createGradientsState(session);
  return { ...state, actions: gradientActions(session, state) };
}

function gradientActions(session: Session, gradients: GradientsState) {
  return { ...dataActions(session, gradients), ...unitActions(gradients), ...lookActions(gradients) };
}

function dataActions(session: Session, gradients: GradientsState) {
  const isShown = (run: string) => run === session.runName.peek();
  return {
    /** What was recorded of the run; while following, the cursor goes to its newest step. */
    gradientsLoaded(loaded: GradientsSummary) {
      if (!isShown(loaded.run)) return;
      batch(() => {
        // After a crash and a new start the same steps may hold other values.
        if (!goesOn(gradients.summary.peek(), loaded)) gradients.overview.value = null;
        gradients.summary.value = loaded;
        session.actions.trainStepsLoaded(loaded.steps, loaded.epochs);
        session.actions.runGrew();
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
      gradients.resting.value = settled ? session.recordedStep.peek() : null;
    },
  };
}

function unitActions(gradients: GradientsState) {
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

function lookActions(gradients: GradientsState) {
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

function goesOn(before: GradientsSummary | null, now: GradientsSummary): boolean {
  if (!before) return true;
  const { steps, versions } = before;
  return steps.every((step, index) => now.steps[index] === step && now.versions[index] === versions[index]);
}

function toggled(set: ReadonlySet<string>, item: string): ReadonlySet<string> {
  const next = new Set(set);
  if (!next.delete(item)) next.add(item);
  return next;
}

/** What an overview shows of a finding. */
const MEASURE_OF: Readonly<Record<string, Measure>> = {
  dead_units: "dead",
  dormant_units: "activation",
  saturated_units: "activation",
  update_ratio: "update_ratio",
};

/** Goes to the layer and the units that a target names. */
export function showTarget({ actions }: Session, gradients: Gradients, target: Target): void {
  const { kind = "", layer = null, unit = null, units = [], trainStep = null } = target;
  if (trainStep !== null) actions.trainStepChosen(trainStep);
  gradients.nCalls.value += 1;
  gradients.measure.value = MEASURE_OF[kind] ?? "gradient_norm";
  if (layer === null) return;
  gradients.actions.layerChosen(layer);
  gradients.marked.value = units.map((each) => ({ layer, unit: each }));
  // Units that a folded layer does not show could not be marked.
  if (units.length > 0) gradients.unfolded.value = new Set([...gradients.unfolded.peek(), layer]);
  if (unit === null) return;
  gradients.pinned.value = { layer, unit };
  gradients.history.value = null;
}

/** Everything that belongs to one run. */
export function forgetRun({ actions }: Session, gradients: GradientsState): void {
  actions.trainStepsLoaded([], []);
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

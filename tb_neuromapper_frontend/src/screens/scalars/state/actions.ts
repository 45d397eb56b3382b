import { batch } from "@preact/signals";
import { epochAt } from "../../../session/axes";
import type { State } from "../../../session/state";
import type { UrlState } from "../../../session/url";
import type { Measure } from "../../gradients/types";
import type { Finding, Findings, ScalarAxis, ScalarIndex, ScalarSeries } from "../types";
import { MAX_SMOOTHING } from "./smoothing";
import { DEFAULT_SMOOTHING, seriesKey } from "./state";

interface Moves {
  trainStepChosen(step: number): void;
  stepChosen(step: number): void;
  layerChosen(layer: string | null): void;
}

export function scalarActions(state: State, moves: Moves) {
  return { ...dataActions(state), ...lookActions(state), ...findingActions(state, moves) };
}

function dataActions({ scalars, runName }: State) {
  return {
    scalarsLoaded(index: ScalarIndex) {
      if (JSON.stringify(index) === JSON.stringify(scalars.index.peek())) return;
      batch(() => {
        const known = scalars.order.peek();
        const added = Object.keys(index.runs).filter((run) => !known.includes(run));
        if (added.length > 0) scalars.order.value = [...known, ...added];
        scalars.index.value = index;
      });
    },
    seriesLoaded(series: ScalarSeries) {
      const key = seriesKey(series.run, series.tag);
      scalars.series.value = { ...scalars.series.peek(), [key]: series };
    },
    findingsLoaded(findings: Findings) {
      if (findings.run !== runName.peek()) return;
      if (JSON.stringify(findings) !== JSON.stringify(scalars.findings.peek()))
        scalars.findings.value = findings;
    },
  };
}

function lookActions({ scalars }: State) {
  return {
    runShown(run: string, shown: boolean) {
      const hidden = new Set(scalars.hiddenRuns.peek());
      if (shown) hidden.delete(run);
      else hidden.add(run);
      scalars.hiddenRuns.value = hidden;
    },
    onlyRunShown(run: string) {
      scalars.hiddenRuns.value = new Set(scalars.order.peek().filter((name) => name !== run));
    },
    allRunsShown() {
      scalars.hiddenRuns.value = new Set();
    },
    smoothingChosen(weight: number) {
      if (Number.isFinite(weight)) scalars.smoothing.value = Math.min(MAX_SMOOTHING, Math.max(0, weight));
    },
    logToggled() {
      scalars.log.value = !scalars.log.peek();
    },
    tagsFiltered(text: string) {
      scalars.filter.value = text;
    },
    tagGroupFolded(name: string) {
      const folded = new Set(scalars.folded.peek());
      if (!folded.delete(name)) folded.add(name);
      scalars.folded.value = folded;
    },
    /** A chart has found out whether it is in view; null: it is no more. */
    chartSeen(tag: string, seen: boolean | null) {
      batch(() => {
        scalars.wanted.value = withItem(scalars.wanted.peek(), tag, seen === true);
        scalars.placed.value = withItem(scalars.placed.peek(), tag, seen !== null);
      });
    },
    scalarPointed(pointed: State["scalars"]["pointed"]["value"]) {
      const before = scalars.pointed.peek();
      if (before?.axis === pointed?.axis && before?.step === pointed?.step) return;
      scalars.pointed.value = pointed;
    },
    targetReached() {
      scalars.target.value = null;
    },
  };
}

/** The set with or without an item; the same set if nothing changes. */
function withItem<T>(set: ReadonlySet<T>, item: T, isIn: boolean): ReadonlySet<T> {
  if (set.has(item) === isIn) return set;
  const changed = new Set(set);
  if (isIn) changed.add(item);
  else changed.delete(item);
  return changed;
}

/** What the overview shows of a finding. */
const MEASURE_OF: Readonly<Record<string, Measure>> = {
  dead_units: "dead",
  dormant_units: "activation",
  saturated_units: "activation",
  update_ratio: "update_ratio",
};

function findingActions(state: State, moves: Moves) {
  const { scalars, gradients } = state;
  /** Moves the cursor of all screens to a step of a chart. */
  const go = (axis: ScalarAxis | null, step: number) => {
    if (axis === "train_step") moves.trainStepChosen(step);
    else if (axis === "epoch") moves.stepChosen(step);
  };
  return {
    scalarStepChosen: go,
    /** Goes to where a finding is seen. */
    findingOpened({ kind, units, link }: Finding) {
      batch(() => {
        state.screen.value = link.screen;
        state.playing.value = false;
        state.hover.value = null;
        if (link.train_step !== null) go(axisOfFinding(state, link.tag), link.train_step);
        if (link.screen === "scalars") {
          scalars.target.value = link.tag;
          if (link.tag !== null) {
            const slash = link.tag.indexOf("/");
            const folded = new Set(scalars.folded.peek());
            if (folded.delete(slash < 0 ? "" : link.tag.slice(0, slash))) scalars.folded.value = folded;
            scalars.filter.value = "";
          }
          return;
        }
        gradients.nCalls.value += 1;
        gradients.measure.value = MEASURE_OF[kind] ?? "gradient_norm";
        const { layer } = link;
        if (layer === null) return;
        moves.layerChosen(layer);
        gradients.marked.value = units.map((unit) => ({ layer, unit }));
        // Units that a folded layer does not show could not be marked.
        if (units.length > 0) gradients.unfolded.value = new Set([...gradients.unfolded.peek(), layer]);
        if (link.unit !== null) {
          gradients.pinned.value = { layer, unit: link.unit };
          gradients.history.value = null;
        }
      });
    },
    /** Null: the default. */
    thresholdChosen(name: string, value: number | null) {
      const { [name]: _, ...others } = scalars.thresholds.peek();
      scalars.thresholds.value = value === null ? others : { ...others, [name]: value };
    },
    thresholdsReset() {
      scalars.thresholds.value = {};
    },
  };
}

/** A finding's steps are training steps, unless its tag is on the epochs' axis. */
function axisOfFinding({ scalars, runName }: State, tag: string | null): ScalarAxis | null {
  const info = tag === null ? undefined : scalars.index.peek()?.runs[runName.peek() ?? ""]?.[tag];
  return info ? info.axis : "train_step";
}

/** Where a training step lies on an axis; null if that is not known. */
export function stepOn(
  state: Pick<State, "axis">,
  axis: ScalarAxis | null,
  trainStep: number,
): number | null {
  if (axis === "train_step") return trainStep;
  return axis === "epoch" ? epochAt(state.axis.value, trainStep) : null;
}

/** What a link carries of the scalars screen. */
export function scalarsOpened({ scalars }: State, url: UrlState): void {
  scalars.smoothing.value = url.smoothing ?? DEFAULT_SMOOTHING;
  scalars.log.value = url.logScale ?? false;
  scalars.filter.value = url.tags ?? "";
  scalars.hiddenRuns.value = new Set(url.hiddenRuns ?? []);
  scalars.thresholds.value = url.thresholds ?? {};
}

/** Everything that belongs to one run. */
export function forgetFindings({ scalars }: State): void {
  scalars.findings.value = null;
  scalars.target.value = null;
}

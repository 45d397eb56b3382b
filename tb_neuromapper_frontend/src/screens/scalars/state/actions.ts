import { batch } from "@preact/signals";
import type { Session } from "../../../session";
import { epochAt } from "../../../session/axes";
import type { Target } from "../../../session/part";
import type { ScalarAxis, ScalarIndex, ScalarSeries } from "../types";
import { MAX_SMOOTHING } from "./smoothing";
import { createScalarsState, groupOf, type ScalarsState, seriesKey } from "./state";

/** What the scalars screen knows and shows, and what changes it. */
export type Scalars = ScalarsState & { actions: ReturnType<typeof scalarActions> };

export function createScalars(session: Session): Scalars {
  const state = createScalarsState();
  return { ...state, actions: scalarActions(session, state) };
}

function scalarActions(session: Session, scalars: ScalarsState) {
  return { ...dataActions(session, scalars), ...lookActions(scalars) };
}

function dataActions({ actions }: Session, scalars: ScalarsState) {
  return {
    scalarsLoaded(index: ScalarIndex) {
      if (JSON.stringify(index) === JSON.stringify(scalars.index.peek())) return;
      batch(() => {
        const known = scalars.order.peek();
        const added = Object.keys(index.runs).filter((run) => !known.includes(run));
        if (added.length > 0) scalars.order.value = [...known, ...added];
        scalars.index.value = index;
        actions.runGrew();
      });
    },
    seriesLoaded(series: ScalarSeries) {
      const key = seriesKey(series.run, series.tag);
      scalars.series.value = { ...scalars.series.peek(), [key]: series };
    },
    /** Moves the cursor of all screens to a step of a chart. */
    scalarStepChosen(axis: ScalarAxis | null, step: number) {
      if (axis === "train_step") actions.trainStepChosen(step);
      else if (axis === "epoch") actions.epochChosen(step);
    },
  };
}

function lookActions(scalars: ScalarsState) {
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
    scalarPointed(pointed: ScalarsState["pointed"]["value"]) {
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

/** Goes to the chart that a target names, and to its step: a training step, unless the tag counts something else. */
export function showTarget(session: Session, scalars: Scalars, target: Target): void {
  const { tag = null, trainStep = null } = target;
  const info = tag === null ? undefined : scalars.index.peek()?.runs[session.runName.peek() ?? ""]?.[tag];
  if (trainStep !== null) scalars.actions.scalarStepChosen(info ? info.axis : "train_step", trainStep);
  scalars.target.value = tag;
  if (tag === null) return;
  const folded = new Set(scalars.folded.peek());
  if (folded.delete(groupOf(tag))) scalars.folded.value = folded;
  scalars.filter.value = "";
}

/** Where a training step lies on an axis; null if that is not known. */
export function stepOn(session: Session, axis: ScalarAxis | null, trainStep: number): number | null {
  if (axis === "train_step") return trainStep;
  return axis === "epoch" ? epochAt(session.axis.value, trainStep) : null;
}

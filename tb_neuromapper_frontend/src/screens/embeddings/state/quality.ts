import { computed, type ReadonlySignal } from "@preact/signals";
import type { Session } from "../../../session";
import type { TimelineEvent } from "../../../session/events";
import type { Projection, Quality } from "../types";
import type { EmbeddingsState } from "./state";

export const MEASURES = ["trustworthiness", "preservation", "movement"] as const;
export type Measure = (typeof MEASURES)[number];

/** The quality of some blocks' layouts at one step: means over the blocks. */
export interface StepQuality extends Record<Measure, number | null> {
  step: number;
  /** The blocks whose activations changed abruptly. */
  abrupt: string[];
}

/** For each of the steps the mean quality of the blocks that have it. */
export function qualityBySteps(projections: readonly Projection[], steps: readonly number[]): StepQuality[] {
  const entries = projections.flatMap(({ block, quality }) => quality.map((each) => ({ block, ...each })));
  const byStep = new Map<number, (Quality & { block: string })[]>();
  for (const entry of entries) byStep.set(entry.step, [...(byStep.get(entry.step) ?? []), entry]);
  return steps.map((step) => {
    const found = byStep.get(step) ?? [];
    return {
      step,
      trustworthiness: mean(found.map((each) => each.trustworthiness)),
      preservation: mean(found.map((each) => each.preservation)),
      movement: mean(found.map((each) => each.movement)),
      abrupt: found.filter((each) => each.abrupt).map((each) => each.block),
    };
  });
}

function mean(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}

/**
 * The points of a line through the values that are known, as an SVG path in a box of 100 x 100, 0 at the bottom and
 * `top` at the top; pieces where nothing is known are left out.
 */
export function linePath(values: readonly (number | null)[], top: number): string {
  let isDown = false;
  const parts: string[] = [];
  for (const [index, value] of values.entries()) {
    if (value === null) isDown = false;
    else {
      const x = shareOf(index, values.length) * 100;
      const y = 100 - Math.min(1, Math.max(0, value / top)) * 100;
      // A piece of one point is drawn too: a line of no length with round ends.
      parts.push(`${isDown ? "L" : "M"}${round(x)} ${round(y)}${isDown ? "" : "h0"}`);
      isDown = true;
    }
  }
  return parts.join("");
}

/** Where the slider's thumb is for an index, 0..1. */
export function shareOf(index: number, n: number): number {
  return index / Math.max(1, n - 1);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** The epochs at which a block's activations changed abruptly, for the time axes of all screens. */
export function abruptEvents(
  { actions }: Session,
  { projections }: EmbeddingsState,
): ReadonlySignal<readonly TimelineEvent[]> {
  return computed(() => {
    const blocks = new Map<number, string[]>();
    for (const { block, quality } of projections.value)
      for (const { step, abrupt } of quality)
        if (abrupt) blocks.set(step, [...(blocks.get(step) ?? []), block]);
    return [...blocks].map(([epoch, names]) => ({
      kind: "abrupt",
      axis: "epoch",
      step: epoch,
      on: "all",
      label: "▲",
      title: `epoch ${epoch}: abrupt change of ${names.join(", ")}`,
      open: () => actions.epochChosen(epoch),
    }));
  });
}

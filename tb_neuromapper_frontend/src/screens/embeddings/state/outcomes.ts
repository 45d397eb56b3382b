import type { Outcomes, Run } from "../../../api/types";
import type { Session } from "../../../session";
import { reporting, syncLoaded } from "../../../session/load";
import type { EmbeddingsApi } from "../api";
import type { Embeddings } from "./actions";
import { needsOutcomes } from "./color_by";

/** Epochs whose outcomes are kept. */
const MAX_KEPT = 64;

/**
 * Fetches the outcomes of the current epoch, of one run or of both: always if the views need them, else when they are
 * at rest.
 */
export function syncOutcomes(session: Session, embeddings: Embeddings, api: EmbeddingsApi): () => void {
  const { outcomesLoaded, comparedOutcomesLoaded } = embeddings.actions;
  /** @param rows The rows of the run that are wanted, null: all as they are. */
  const keep = (shown: () => { run: Run; rows: Int32Array | null } | null, loaded: typeof outcomesLoaded) =>
    syncLoaded<{ run: string; outcomes: Outcomes }>(
      () => {
        const epoch = session.epoch.value;
        const isNeeded = needsOutcomes(embeddings.colorBy.value) || embeddings.appearance.value.regions;
        const side = shown();
        if (epoch === null || !side || !(embeddings.settled.value || isNeeded)) return undefined;
        const { run, rows } = side;
        if (!run.outcome_steps.includes(epoch)) return undefined;
        const load = async (signal: AbortSignal) => {
          const all = await api.outcomes(run.name, epoch, signal);
          return { run: run.name, outcomes: rows ? pickRows(all, rows) : all };
        };
        // The rows follow from both runs' samples.
        const samples = [session.run.value?.probe_version, run.probe_version];
        return { key: JSON.stringify([session.runName.value, run.name, samples, epoch]), load };
      },
      {
        arrived({ run, outcomes }) {
          if (session.epoch.peek() === outcomes.step) loaded(run, outcomes);
        },
        failed: reporting(session.actions.failed),
        nKept: MAX_KEPT,
      },
    );
  const stops = [
    keep(() => session.run.value && { run: session.run.value, rows: null }, outcomesLoaded),
    keep(() => embeddings.comparedRun.value, comparedOutcomesLoaded),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/** The outcomes of some rows; where a row is -1 nothing is predicted. */
export function pickRows(
  { step, predicted, confidence, loss, others }: Outcomes,
  rows: Int32Array,
): Outcomes {
  const pick = (values: Float32Array | null) =>
    values && Float32Array.from(rows, (row) => values[row] ?? Number.NaN);
  const pickAny = (values: Int32Array | Float32Array) =>
    values instanceof Int32Array
      ? Int32Array.from(rows, (row) => values[row] ?? -1)
      : (pick(values) as Float32Array);
  return {
    step,
    predicted: predicted && pickAny(predicted),
    confidence: pick(confidence),
    loss: pick(loss),
    others: Object.fromEntries(
      Object.entries(others).map(([name, { values, texts }]) => [name, { values: pickAny(values), texts }]),
    ),
  };
}

/** One run's outcomes at the epoch on view. */
export interface Side {
  run: Run;
  /** Null: they are still to come, or `isLogged` is false. */
  outcomes: Outcomes | null;
  isLogged: boolean;
}

/** The runs on view that log outcomes at all, the first one first. */
export function sidesOf(session: Session, embeddings: Embeddings): Side[] {
  const step = session.epoch.value;
  const sides = [
    { run: session.run.value, outcomes: embeddings.outcomes.value },
    { run: embeddings.comparedRun.value?.run ?? null, outcomes: embeddings.comparedOutcomes.value },
  ];
  return sides.flatMap(({ run, outcomes }) => {
    if (!run || run.outcome_steps.length === 0) return [];
    const isLogged = step !== null && run.outcome_steps.includes(step);
    return [{ run, outcomes: isLogged && outcomes?.step === step ? outcomes : null, isLogged }];
  });
}

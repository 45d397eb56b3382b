import { effect } from "@preact/signals";
import type { Api } from "../../../api/client";
import { asApiError } from "../../../api/errors";
import type { Outcomes, Run } from "../../../api/types";
import type { Store } from "../../../session/state";
import { needsOutcomes } from "./color_by";

/** Epochs whose outcomes are kept. */
const MAX_KEPT = 64;

/**
 * Fetches the outcomes of the current epoch, of one run or of both: always if the picture needs them, else when it is
 * at rest.
 */
export function keepOutcomes(store: Store, api: Api): () => void {
  const { actions } = store;
  const first = createFetcher(store, api, actions.outcomesLoaded);
  const second = createFetcher(store, api, actions.otherOutcomesLoaded);
  return effect(() => {
    const step = store.step.value;
    const isNeeded = needsOutcomes(store.colorBy.value) || store.look.value.regions;
    if (step === null || !(store.settled.value || isNeeded)) return;
    if (store.run.value) first(store.run.value, step, null);
    const other = store.other.value;
    if (other) second(other.run, step, other.rows);
  });
}

/** Asks for one run's outcomes at a step; `rows` are the rows of that run that are wanted, null: all as they are. */
function createFetcher(store: Store, api: Api, onLoaded: (run: string, outcomes: Outcomes) => void) {
  // A Map keeps insertion order, so the first key is the oldest.
  const kept = new Map<string, Outcomes>();
  let keptRows: Int32Array | null = null;
  let underWay: { key: string; abort: AbortController } | null = null;

  const fetchOutcomes = async (run: string, step: number, rows: Int32Array | null, key: string) => {
    underWay?.abort.abort();
    const abort = new AbortController();
    underWay = { key, abort };
    try {
      const all = await api.outcomes(run, step, abort.signal);
      if (rows !== keptRows) return;
      const outcomes = rows ? pickRows(all, rows) : all;
      kept.set(key, outcomes);
      for (const oldest of kept.keys()) if (kept.size > MAX_KEPT) kept.delete(oldest);
      if (store.step.peek() === step) onLoaded(run, outcomes);
    } catch (caught) {
      const error = asApiError(caught);
      if (error.kind === "refused" || error.kind === "broken") store.actions.failed(error.message);
    } finally {
      if (underWay?.abort === abort) underWay = null;
    }
  };
  return (run: Run, step: number, rows: Int32Array | null) => {
    if (rows !== keptRows) kept.clear();
    keptRows = rows;
    if (!run.outcome_steps.includes(step)) return;
    const key = JSON.stringify([run.name, run.probe_version, step]);
    const known = kept.get(key);
    if (known) onLoaded(run.name, known);
    else if (underWay?.key !== key) void fetchOutcomes(run.name, step, rows, key);
  };
}

/** The outcomes of some rows; where a row is -1 nothing is predicted. */
export function pickRows({ step, predicted, confidence, loss }: Outcomes, rows: Int32Array): Outcomes {
  const pick = (values: Float32Array | null) =>
    values && Float32Array.from(rows, (row) => values[row] ?? Number.NaN);
  return {
    step,
    predicted:
      predicted instanceof Int32Array
        ? Int32Array.from(rows, (row) => predicted[row] ?? -1)
        : (pick(predicted) as Float32Array),
    confidence: pick(confidence),
    loss: pick(loss),
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
export function sidesOf(store: Pick<Store, "run" | "other" | "outcomes" | "otherOutcomes" | "step">): Side[] {
  const step = store.step.value;
  const sides = [
    { run: store.run.value, outcomes: store.outcomes.value },
    { run: store.other.value?.run ?? null, outcomes: store.otherOutcomes.value },
  ];
  return sides.flatMap(({ run, outcomes }) => {
    if (!run || run.outcome_steps.length === 0) return [];
    const isLogged = step !== null && run.outcome_steps.includes(step);
    return [{ run, outcomes: isLogged && outcomes?.step === step ? outcomes : null, isLogged }];
  });
}

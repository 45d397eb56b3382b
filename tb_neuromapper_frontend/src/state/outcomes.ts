import { effect } from "@preact/signals";
import type { Api } from "../api/client";
import { asApiError } from "../api/errors";
import type { Outcomes } from "../api/types";
import { needsOutcomes } from "./settings";
import type { Store } from "./store";

/** Epochs whose outcomes are kept. */
const MAX_KEPT = 64;

/** Fetches the outcomes of the current epoch: always if the colours need them, else when the picture is at rest. */
export function keepOutcomes(store: Store, api: Api): () => void {
  // A Map keeps insertion order, so the first key is the oldest.
  const kept = new Map<string, Outcomes>();
  let underWay: { key: string; abort: AbortController } | null = null;

  const fetchOutcomes = async (run: string, step: number, key: string) => {
    underWay?.abort.abort();
    const abort = new AbortController();
    underWay = { key, abort };
    try {
      const outcomes = await api.outcomes(run, step, abort.signal);
      kept.set(key, outcomes);
      for (const oldest of kept.keys()) if (kept.size > MAX_KEPT) kept.delete(oldest);
      if (store.step.peek() === step) store.actions.outcomesLoaded(run, outcomes);
    } catch (caught) {
      const error = asApiError(caught);
      if (error.kind === "refused" || error.kind === "broken") store.actions.failed(error.message);
    } finally {
      if (underWay?.abort === abort) underWay = null;
    }
  };
  return effect(() => {
    const run = store.run.value;
    const step = store.step.value;
    if (!run || step === null || !run.outcome_steps.includes(step)) return;
    if (!store.settled.value && !needsOutcomes(store.colorBy.value)) return;
    const key = JSON.stringify([run.name, run.probe_version, step]);
    const known = kept.get(key);
    if (known) store.actions.outcomesLoaded(run.name, known);
    else if (underWay?.key !== key) void fetchOutcomes(run.name, step, key);
  });
}

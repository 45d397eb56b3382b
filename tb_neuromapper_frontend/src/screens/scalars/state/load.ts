import { computed, effect, untracked } from "@preact/signals";
import type { Api } from "../../../api/client";
import { asApiError } from "../../../api/errors";
import type { Store } from "../../../session/state";
import type { Screen } from "../../registry";
import { missingSeries, seriesKey } from "./state";

const POLL_MS = 2000;
const MAX_AT_ONCE = 4;
/** Findings of a growing run are asked for again after this long. */
const FINDINGS_MS = 3000;
const SCREENS_WITH_FINDINGS: readonly Screen[] = ["gradients", "scalars"];

/** Keeps the list of scalars up to date while the screen is on view, and fetches what its charts need. */
export function keepScalars(store: Store, api: Api, isVisible: () => boolean): void {
  const { scalars, actions } = store;
  const underWay = new Set<string>();
  const ask = async () => {
    if (!isVisible() || store.connection.peek().state === "lost") return;
    try {
      actions.scalarsLoaded(await api.scalars());
    } catch (caught) {
      report(store, caught);
    }
  };
  // An exported page holds no scalars, which is known with its runs.
  const isOpen = computed(
    () => store.screen.value === "scalars" && store.runs.value !== null && !store.runs.value.exported,
  );
  effect(() => (isOpen.value ? untracked(() => repeat(ask, POLL_MS)) : undefined));
  const fetchSeries = async (run: string, tag: string) => {
    const key = seriesKey(run, tag);
    underWay.add(key);
    try {
      actions.seriesLoaded(await api.series(run, tag));
    } catch (caught) {
      report(store, caught);
    } finally {
      underWay.delete(key);
      fill();
    }
  };
  const fill = () => {
    for (const { run, tag } of missingSeries(scalars)) {
      if (underWay.size >= MAX_AT_ONCE) return;
      if (!underWay.has(seriesKey(run, tag))) void fetchSeries(run, tag);
    }
  };
  effect(() => {
    if (store.screen.value === "scalars") fill();
  });
}

/** Does a task now and after each pause, until the function that it returns is called. */
function repeat(task: () => Promise<void>, pauseMs: number): () => void {
  let isOver = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const loop = async () => {
    await task();
    // It may have come to its end while the task was under way.
    if (!isOver) timer = setTimeout(() => void loop(), pauseMs);
  };
  void loop();
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}

/** Keeps the findings of the run on view up to date while a screen shows them. */
export function keepFindings(store: Store, api: Api): void {
  const { scalars, actions } = store;
  let current = new AbortController();
  let askedAt = Number.NEGATIVE_INFINITY;
  let askedFor = "";
  let timer: ReturnType<typeof setTimeout> | undefined;
  const ask = async (run: string, thresholds: Readonly<Record<string, number>>, signal: AbortSignal) => {
    askedAt = performance.now();
    try {
      actions.findingsLoaded(await api.findings(run, thresholds, signal));
    } catch (caught) {
      report(store, caught);
    }
  };
  effect(() => {
    const run = store.runName.value;
    const thresholds = scalars.thresholds.value;
    // These change when the run grows.
    store.gradients.summary.value;
    scalars.index.value?.runs[run ?? ""];
    clearTimeout(timer);
    if (run === null || !SCREENS_WITH_FINDINGS.includes(store.screen.value)) return;
    const question = JSON.stringify([run, thresholds]);
    const wait = question === askedFor ? Math.max(0, askedAt + FINDINGS_MS - performance.now()) : 0;
    if (question !== askedFor) current.abort();
    timer = setTimeout(() => {
      askedFor = question;
      current = new AbortController();
      void ask(run, thresholds, current.signal);
    }, wait);
  });
}

function report(store: Store, caught: unknown): void {
  const error = asApiError(caught);
  if (error.kind === "refused" || error.kind === "broken") store.actions.failed(error.message);
}

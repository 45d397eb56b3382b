import { effect } from "@preact/signals";
import { asApiError } from "../api/errors";
import type { Session } from "../session";
import { reporting } from "../session/load";
import { openScreen } from "../session/state";
import type { FindingsApi } from "./api";
import type { Findings } from "./state";

/** Findings of a growing run are asked for again after this long. */
const PAUSE_MS = 3000;

/** Keeps the findings of the displayed run up to date while a screen shows them. */
export function syncFindings(session: Session, { thresholds, actions }: Findings, api: FindingsApi): void {
  let current = new AbortController();
  let askedAt = Number.NEGATIVE_INFINITY;
  let askedFor = "";
  let timer: ReturnType<typeof setTimeout> | undefined;
  const report = reporting(session.actions.failed);
  const ask = async (run: string, values: Readonly<Record<string, number>>, signal: AbortSignal) => {
    askedAt = performance.now();
    try {
      actions.findingsLoaded(await api.findings(run, values, signal));
    } catch (caught) {
      report(asApiError(caught));
    }
  };
  effect(() => {
    const run = session.runName.value;
    const values = thresholds.value;
    session.nUpdates.value;
    clearTimeout(timer);
    if (run === null || !openScreen(session)?.hasPanels) return;
    const question = JSON.stringify([run, values]);
    const wait = question === askedFor ? Math.max(0, askedAt + PAUSE_MS - performance.now()) : 0;
    if (question !== askedFor) current.abort();
    timer = setTimeout(() => {
      askedFor = question;
      current = new AbortController();
      void ask(run, values, current.signal);
    }, wait);
  });
}

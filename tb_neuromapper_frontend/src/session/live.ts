import { effect } from "@preact/signals";
import type { Api } from "../api/client";
import { asApiError } from "../api/errors";
import type { Session } from "./index";
import type { Poll } from "./part";
import { partsOf } from "./state";

/** How long to wait before asking again. */
const POLL_MS = 1000;
const BUSY_POLL_MS = 300;
const HIDDEN_POLL_MS = 500;
const RETRY_MS = 1500;
/** An exported page does not change: there is nothing to ask again for until something else is to be shown. */
const NEVER = Number.POSITIVE_INFINITY;
/** A run's details are asked for again after this long even if its steps are the same. */
const DETAILS_AGE_MS = 5000;

export interface Live {
  stop(): void;
}

/** Keeps the session up to date with the server for as long as the page is visible. */
export function startLive(session: Session, api: Api, isVisible: () => boolean): Live {
  const stopped = new AbortController();
  let wake = () => {};
  let current = new AbortController();
  const sleep = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = ms === NEVER ? undefined : setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const polls = partsOf(session).flatMap(({ poll }) => poll ?? []);
  const follower = createFollower(session, api, polls);
  const unwatch = effect(() => {
    // Another run or other parameters: what is under way is of no use, ask at once.
    session.runName.value;
    for (const poll of polls) poll.watch?.();
    current.abort();
    wake();
  });
  const loop = async () => {
    while (!stopped.signal.aborted) {
      if (!isVisible()) {
        await sleep(HIDDEN_POLL_MS);
        continue;
      }
      current = new AbortController();
      const isBusy = () => polls.some((poll) => poll.isBusy?.());
      const pauseMs = await round(session, follower, isBusy, current.signal);
      if (!current.signal.aborted) await sleep(pauseMs);
    }
  };
  void loop();
  return {
    stop() {
      stopped.abort();
      unwatch();
      current.abort();
      wake();
    },
  };
}

/** One round of questions; returns the milliseconds to wait before the next. */
async function round(session: Session, follower: Follower, isBusy: () => boolean, signal: AbortSignal) {
  const isExported = () => session.runs.peek()?.exported !== undefined;
  try {
    await follower.ask(signal);
    session.actions.serverAnswered();
    if (isExported()) return NEVER;
    return isBusy() ? BUSY_POLL_MS : POLL_MS;
  } catch (caught) {
    const error = asApiError(caught);
    if (error.kind === "aborted") return 0;
    follower.reset();
    if (error.kind === "offline") session.actions.serverLost(error.message);
    else {
      session.actions.serverAnswered();
      session.actions.failed(error.message);
    }
    return isExported() ? NEVER : RETRY_MS;
  }
}

interface Follower {
  ask(signal: AbortSignal): Promise<void>;
  /** Ask everything anew, for instance because the server was started again. */
  reset(): void;
}

/** Asks for the runs, the run and its samples; the screens' own questions go beside these. */
function createFollower(session: Session, api: Api, polls: readonly Poll[]): Follower {
  let asked = { summary: "", samples: "" };
  let runsAt = Number.NEGATIVE_INFINITY;
  let detailsAt = 0;
  const { actions } = session;

  const askRuns = async (signal: AbortSignal) => {
    runsAt = performance.now();
    actions.runsLoaded(await api.runs(signal));
  };
  const askRun = async (name: string, signal: AbortSignal) => {
    // The gradient flow grows with every few steps and has a request of its own.
    const summary = JSON.stringify([name, { ...session.summary.peek(), gradients: null }]);
    const old = performance.now() - detailsAt > DETAILS_AGE_MS;
    if (summary === asked.summary && session.run.peek() && !old) return;
    detailsAt = performance.now();
    actions.runLoaded(await api.run(name, signal));
    asked = { ...asked, summary };
  };
  const askSamples = async (name: string, known: Promise<void>, signal: AbortSignal) => {
    await known;
    if ((session.run.peek()?.steps.length ?? 0) === 0) return;
    const probeVersion = JSON.stringify([name, session.run.peek()?.probe_version]);
    if (probeVersion === asked.samples && session.samples.peek()) return;
    actions.samplesLoaded(name, await api.samples(name, signal));
    asked = { ...asked, samples: probeVersion };
  };
  return {
    async ask(signal) {
      const isOld = performance.now() - runsAt >= POLL_MS * 0.9;
      const needed = session.runs.peek()?.exported || polls.some((poll) => poll.needsRuns?.());
      if (isOld || needed) await askRuns(signal);
      const name = session.runName.peek();
      if (name === null) return;
      const known = askRun(name, signal);
      const questions = polls.map((poll) => poll.ask(name, known, signal));
      await Promise.all([known, askSamples(name, known, signal), ...questions]);
    },
    reset() {
      asked = { summary: "", samples: "" };
      runsAt = Number.NEGATIVE_INFINITY;
      for (const poll of polls) poll.reset();
    },
  };
}

import { effect } from "@preact/signals";
import type { Api } from "../api/client";
import { ApiError, asApiError } from "../api/errors";
import { groupByParameters } from "../screens/embeddings/state/parameters";
import { choicesBeside } from "../screens/embeddings/state/run_pair";
import { noGradients } from "../screens/gradients/state/state";
import type { Store } from "./state";

/** How long to wait before asking again. */
const POLL_MS = 1000;
const COMPUTING_POLL_MS = 300;
const HIDDEN_POLL_MS = 500;
const RETRY_MS = 1500;
/** An exported page does not change: there is nothing to ask again for until something else is to be shown. */
const NEVER = Number.POSITIVE_INFINITY;
/** A run's details are asked for again after this long even if its steps are the same. */
const DETAILS_AGE_MS = 5000;

export interface Live {
  stop(): void;
}

/** Keeps the store up to date with the server for as long as the page is visible. */
export function startLive(store: Store, api: Api, isVisible: () => boolean): Live {
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
  const follower = createFollower(store, api);
  const unwatch = effect(() => {
    // Another run or other parameters: what is under way is of no use, ask at once.
    store.runName.value;
    store.beside.value;
    store.settings.value;
    store.nRequests.value;
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
      const pauseMs = await round(store, follower, current.signal);
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
async function round(store: Store, follower: Follower, signal: AbortSignal): Promise<number> {
  try {
    await follower.ask(signal);
    store.actions.serverAnswered();
    if (store.runs.peek()?.exported) return NEVER;
    return store.computing.peek() ? COMPUTING_POLL_MS : POLL_MS;
  } catch (caught) {
    const error = asApiError(caught);
    if (error.kind === "aborted") return 0;
    follower.forget();
    if (error.kind === "offline") store.actions.serverLost(error.message);
    else {
      store.actions.serverAnswered();
      store.actions.failed(error.message);
    }
    return store.runs.peek()?.exported ? NEVER : RETRY_MS;
  }
}

/** A link may name any run; when the runs are there, one that is not among them is dropped. */
function isBesideUnknown(store: Store): boolean {
  const beside = store.beside.peek();
  return beside !== null && !choicesBeside(store.runs.peek(), store.runName.peek()).includes(beside);
}

interface Follower {
  ask(signal: AbortSignal): Promise<void>;
  /** Ask everything anew, for instance because the server was started again. */
  forget(): void;
}

function createFollower(store: Store, api: Api): Follower {
  let asked = { summary: "", projections: "", samples: "", gradients: "" };
  let runsAt = Number.NEGATIVE_INFINITY;
  let detailsAt = 0;
  // Of `store.nRequests`: what was cancelled is taken up again only if the user asks for it.
  let nAnswered = store.nRequests.peek();
  const { actions } = store;

  const askRuns = async (signal: AbortSignal) => {
    runsAt = performance.now();
    actions.runsLoaded(await api.runs(signal));
  };
  const askRun = async (name: string, signal: AbortSignal) => {
    // The gradient flow grows with every few steps and has a request of its own.
    const summary = JSON.stringify([name, { ...store.summary.peek(), gradients: null }]);
    const old = performance.now() - detailsAt > DETAILS_AGE_MS;
    if (summary === asked.summary && store.run.peek() && !old) return;
    detailsAt = performance.now();
    actions.runLoaded(await api.run(name, signal));
    asked = { ...asked, summary };
  };
  const askSamples = async (name: string, signal: AbortSignal) => {
    const probeVersion = JSON.stringify([name, store.run.peek()?.probe_version]);
    if (probeVersion === asked.samples && store.samples.peek()) return;
    actions.samplesLoaded(name, await api.samples(name, signal));
    asked = { ...asked, samples: probeVersion };
  };
  const askGradients = async (name: string, signal: AbortSignal) => {
    const version = JSON.stringify([name, store.summary.peek()?.gradients]);
    if (version === asked.gradients && store.gradients.summary.peek()) return;
    const has = store.summary.peek()?.gradients && !store.runs.peek()?.exported;
    actions.gradientsLoaded(has ? await api.gradients(name, signal) : noGradients(name));
    asked = { ...asked, gradients: version };
  };
  const start = async (run: string, signal: AbortSignal) => {
    const groups = groupByParameters(store.settings.peek(), store.blocks.peek());
    const step = store.step.peek();
    const beside = store.beside.peek();
    const focus = step === null ? {} : { focus: step };
    const which = beside === null ? { run } : { runs: [run, beside] as [string, string] };
    const nRequests = store.nRequests.peek();
    const again = nRequests === nAnswered ? { unless_cancelled: true } : {};
    const answers = groups.map((group) =>
      api.startProjections({ ...which, ...group, ...focus, ...again }, signal),
    );
    const found = (await Promise.all(answers)).flat();
    nAnswered = nRequests;
    return found;
  };
  const askProjections = async (name: string, signal: AbortSignal) => {
    const beside = store.beside.peek();
    const other = store.runs.peek()?.runs.find((each) => each.name === beside);
    // Two runs that both grow are asked for again when their layout is done.
    const done = beside === null ? "" : String(store.computing.peek());
    const parts = [asked.summary, store.settings.peek(), store.nRequests.peek(), beside, other, done];
    const wanted = JSON.stringify(parts);
    const known = store.newest.peek();
    if (wanted !== asked.projections || known.length === 0) {
      actions.projectionsLoaded(name, await start(name, signal));
      asked = { ...asked, projections: wanted };
    } else if (store.computing.peek()) {
      const ids = known.map((projection) => projection.id);
      actions.projectionsLoaded(name, await projectionsOrAnew(ids, name, signal));
    }
  };
  const projectionsOrAnew = async (ids: string[], run: string, signal: AbortSignal) => {
    try {
      return await api.projections(ids, signal);
    } catch (error) {
      // A server that was started again does not know the ids: asking anew gives the same ones.
      if (!(error instanceof ApiError && error.kind === "refused")) throw error;
      return start(run, signal);
    }
  };
  return {
    async ask(signal) {
      const isOld = performance.now() - runsAt >= POLL_MS * 0.9;
      if (isOld || store.runs.peek()?.exported || isBesideUnknown(store)) await askRuns(signal);
      const name = store.runName.peek();
      if (name === null) return;
      await Promise.all([askRun(name, signal), askGradients(name, signal)]);
      if ((store.run.peek()?.steps.length ?? 0) === 0) return;
      await Promise.all([askSamples(name, signal), askProjections(name, signal)]);
    },
    forget() {
      asked = { summary: "", projections: "", samples: "", gradients: "" };
      runsAt = Number.NEGATIVE_INFINITY;
    },
  };
}

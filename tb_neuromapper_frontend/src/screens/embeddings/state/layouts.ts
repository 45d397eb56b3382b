import { ApiError, asApiError } from "../../../api/errors";
import type { Session } from "../../../session";
import type { Poll } from "../../../session/part";
import type { EmbeddingsApi } from "../api";
import type { Projection } from "../types";
import type { Embeddings } from "./actions";
import { groupByParameters } from "./parameters";
import { comparableRuns } from "./run_pair";
import { isActive } from "./state";

/** Asks for the layouts of the run, again whenever it grows or others are chosen, and how far they are meanwhile. */
export function layoutsPoll(session: Session, embeddings: Embeddings, api: EmbeddingsApi): Poll {
  let asked = "";
  const start = createStarter(session, embeddings, api);
  const known = async (ids: string[], run: string, signal: AbortSignal) => {
    try {
      return await api.projections(ids, signal);
    } catch (error) {
      // A server that was started again does not know the ids: asking anew gives the same ones.
      if (!(error instanceof ApiError && error.kind === "refused")) throw error;
      return start(run, signal);
    }
  };
  return {
    async ask(name, runKnown, signal) {
      await runKnown;
      if ((session.run.peek()?.steps.length ?? 0) === 0) return;
      const wanted = wantedNow(session, embeddings);
      const newest = embeddings.newest.peek();
      if (wanted !== asked || newest.length === 0) {
        embeddings.actions.projectionsLoaded(name, await start(name, signal));
        asked = wanted;
      } else if (embeddings.computing.peek()) {
        const ids = newest.map(({ id }) => id);
        embeddings.actions.projectionsLoaded(name, await known(ids, name, signal));
      }
    },
    reset() {
      asked = "";
    },
    watch() {
      embeddings.comparedName.value;
      embeddings.settings.value;
      embeddings.nRequests.value;
    },
    isBusy: () => embeddings.computing.peek(),
    // A link may name any run; when the runs are there, one that is not among them is dropped.
    needsRuns() {
      const comparedName = embeddings.comparedName.peek();
      return (
        comparedName !== null &&
        !comparableRuns(session.runs.peek(), session.runName.peek()).includes(comparedName)
      );
    },
  };
}

/** Differs whenever the layouts are to be asked for anew. */
function wantedNow({ runs, runName, summary }: Session, embeddings: Embeddings): string {
  const { settings, nRequests, comparedName, computing } = embeddings;
  const other = runs.peek()?.runs.find(({ name }) => name === comparedName.peek());
  // The gradient flow grows with every few steps and changes no layout.
  const logged = [runName.peek(), { ...summary.peek(), gradients: null }];
  // Two runs that both grow are asked for again when their layout is done.
  const done = comparedName.peek() === null ? "" : String(computing.peek());
  return JSON.stringify([logged, settings.peek(), nRequests.peek(), comparedName.peek(), other, done]);
}

function createStarter(session: Session, embeddings: Embeddings, api: EmbeddingsApi) {
  // Of `nRequests`: what was cancelled is taken up again only if the user asks for it.
  let nAnswered = embeddings.nRequests.peek();
  return async (run: string, signal: AbortSignal): Promise<Projection[]> => {
    const epoch = session.epoch.peek();
    const comparedName = embeddings.comparedName.peek();
    const nRequests = embeddings.nRequests.peek();
    const common = {
      ...(comparedName === null ? { run } : { runs: [run, comparedName] as [string, string] }),
      ...(epoch === null ? {} : { focus: epoch }),
      ...(nRequests === nAnswered ? { unless_cancelled: true } : {}),
    };
    const groups = groupByParameters(embeddings.settings.peek(), embeddings.blocks.peek());
    const answers = groups.map((group) => api.startProjections({ ...common, ...group }, signal));
    const found = (await Promise.all(answers)).flat();
    nAnswered = nRequests;
    return found;
  };
}

/** Stops the computations that are under way. */
export async function cancelLayouts(
  session: Session,
  embeddings: Embeddings,
  api: EmbeddingsApi,
): Promise<void> {
  const run = session.runName.peek();
  const ids = embeddings.newest
    .peek()
    .filter(isActive)
    .map(({ id }) => id);
  if (run === null || ids.length === 0) return;
  try {
    embeddings.actions.projectionsLoaded(run, await api.cancel(ids));
  } catch (caught) {
    session.actions.failed(asApiError(caught).message);
  }
}

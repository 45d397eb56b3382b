import { effect } from "@preact/signals";
import type { Transport } from "../../api/transport";
import type { Session } from "../../session";
import { cursorKeys } from "../../session/cursor";
import type { OpenScreen, PageState } from "../../session/part";
import type { Screen } from "../../session/screen";
import { createEmbeddingsApi, type EmbeddingsApi } from "./api";
import type { Stage } from "./draw/stage";
import { inspectScatter } from "./inspect";
import { LookMenu } from "./parts/appearance_menu";
import { Controls } from "./parts/controls";
import { NoWebGl } from "./parts/no_webgl";
import { SaveMenu } from "./parts/save_menu";
import { EmbeddingsScreen } from "./parts/screen";
import { factWords, LayoutStatus, progressWords } from "./parts/status";
import { createEmbeddings, type Embeddings, forgetRun } from "./state/actions";
import { cancelLayouts, layoutsPoll } from "./state/layouts";
import { keepNearest } from "./state/nearest";
import { keepOther } from "./state/other_run";
import { keepOutcomes } from "./state/outcomes";
import { keepAccuracies, keepSubclusters } from "./state/pair_figures";
import { createMarks } from "./state/points";
import { createPositionCache, type PositionCache } from "./state/positions";
import { keepPreservation } from "./state/preservation";
import { abruptEvents } from "./state/quality";
import { embeddingsLink } from "./state/url";
import css from "./style.css?inline";

/** One aligned scatter per block, epoch after epoch. */
export const embeddings: Screen = { name: "embeddings", title: "Embeddings", css, create: openEmbeddings };

export function openEmbeddings(session: Session, transport: Transport): OpenScreen & { state: Embeddings } {
  const api = createEmbeddingsApi(transport);
  const state = createEmbeddings(session);
  const { actions } = state;
  const cache = createPositionCache(api, actions.positionsArrived, session.actions.failed);
  const points = createMarks(session, state, cache);
  let stage: Stage | null = null;
  const onStage = (next: Stage | null) => {
    stage = next;
  };
  const props = { session, embeddings: state };
  keepAll(session, state, api, cache);
  session.events.add(abruptEvents(session, state));
  return {
    state,
    needs: "run",
    Controls: () =>
      state.canDraw.value ? (
        <Controls {...props}>
          <LookMenu {...props} coloring={points.coloring} />
          <SaveMenu {...props} coloring={points.coloring} stage={() => stage} />
        </Controls>
      ) : null,
    Body: () =>
      state.canDraw.value ? (
        <EmbeddingsScreen {...props} {...points} api={api} cache={cache} onStage={onStage} />
      ) : (
        <NoWebGl session={session} />
      ),
    pageState: () => pageStateOf(state, cache),
    settled: () => state.settled.value,
    keys: () => ({
      ...cursorKeys(session.actions.epochMoves),
      " ": session.actions.epochMoves.togglePlaying,
      l: () => actions.toolChosen("lasso"),
      b: () => actions.toolChosen("box"),
      Escape: actions.escaped,
    }),
    forget: (what) => forgetRun(state, what),
    link: embeddingsLink(session, state),
    poll: layoutsPoll(session, state, api),
    runsLoaded: actions.besideChecked,
    problems: () => besideProblems(session, state),
    words: () => progressWords(state) || factWords(session, state),
    Status: () => (
      <LayoutStatus embeddings={state} onCancel={() => void cancelLayouts(session, state, api)} />
    ),
    inspect: () => inspectScatter(session, state, cache, stage),
  };
}

/** Everything that is fetched by itself as the signals change. */
function keepAll(session: Session, state: Embeddings, api: EmbeddingsApi, cache: PositionCache): void {
  keepOther(session, state, api);
  keepOutcomes(session, state, api);
  keepNearest(session, state, api);
  keepPreservation(session, state, api);
  keepAccuracies(session, state, api);
  keepSubclusters(session, state, api);
  effect(() => {
    session.runName.value;
    state.beside.value;
    cache.clear();
  });
  effect(() => {
    if (session.connection.value.state === "ok") cache.retry();
  });
}

function pageStateOf({ canDraw, nArrivals, projections }: Embeddings, cache: PositionCache): PageState {
  if (!canDraw.value) return "error";
  if (nArrivals.value > 0 && cache.nSlices > 0) return "ready";
  const all = projections.value;
  return all.length > 0 && all.every(({ state }) => state === "failed") ? "error" : "loading";
}

/** Of the run beside the first, with its name. */
function besideProblems({ runs }: Session, { beside }: Embeddings): string[] {
  const name = beside.value;
  const other = runs.value?.runs.find((each) => each.name === name);
  return other?.problems.map((problem) => `${name}: ${problem}`) ?? [];
}

import { effect } from "@preact/signals";
import type { Transport } from "../../api/transport";
import type { Session } from "../../session";
import { cursorKeys } from "../../session/cursor";
import type { OpenScreen, PageState } from "../../session/part";
import type { Screen } from "../../session/screen";
import { createEmbeddingsApi, type EmbeddingsApi } from "./api";
import controlsCss from "./controls.css?inline";
import type { Stage } from "./draw/stage";
import { inspectScatter } from "./inspect";
import legendCss from "./legend.css?inline";
import { AppearanceMenu } from "./parts/appearance_menu";
import { Controls } from "./parts/controls";
import { NoWebGl } from "./parts/no_webgl";
import { SaveMenu } from "./parts/save_menu";
import { EmbeddingsScreen } from "./parts/screen";
import { factText, LayoutStatus, progressText } from "./parts/status";
import samplesCss from "./samples.css?inline";
import { createEmbeddings, type Embeddings, forgetRun } from "./state/actions";
import { syncComparedRun } from "./state/compared_run";
import { cancelLayouts, layoutsPoll } from "./state/layouts";
import { syncNearest } from "./state/nearest";
import { syncOutcomes } from "./state/outcomes";
import { syncAccuracies, syncSubclusters } from "./state/pair_figures";
import { createPointStyles } from "./state/point_styles";
import { createPositionCache, type PositionCache } from "./state/positions";
import { syncPreservation } from "./state/preservation";
import { abruptEvents } from "./state/quality";
import { embeddingsLink } from "./state/url";
import viewsCss from "./style.css?inline";

const css = [viewsCss, controlsCss, legendCss, samplesCss].join("");

/** One aligned scatter per block, epoch after epoch. */
export const embeddings: Screen = { name: "embeddings", title: "Embeddings", css, create: openEmbeddings };

export function openEmbeddings(session: Session, transport: Transport): OpenScreen & { state: Embeddings } {
  const api = createEmbeddingsApi(transport);
  const state = createEmbeddings(session);
  const { actions } = state;
  const cache = createPositionCache(api, actions.positionsArrived, session.actions.failed);
  const points = createPointStyles(session, state, cache);
  let stage: Stage | null = null;
  const onStage = (next: Stage | null) => {
    stage = next;
  };
  const props = { session, embeddings: state };
  syncAll(session, state, api, cache);
  session.events.add(abruptEvents(session, state));
  return {
    state,
    needs: "run",
    Controls: () =>
      state.canDraw.value ? (
        <Controls {...props}>
          <AppearanceMenu {...props} coloring={points.coloring} />
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
    runsLoaded: actions.comparisonChecked,
    problems: () => comparedProblems(session, state),
    words: () => progressText(state) || factText(session, state),
    Status: () => (
      <LayoutStatus embeddings={state} onCancel={() => void cancelLayouts(session, state, api)} />
    ),
    inspect: () => inspectScatter(session, state, cache, stage),
  };
}

/** Everything that is fetched by itself as the signals change. */
function syncAll(session: Session, state: Embeddings, api: EmbeddingsApi, cache: PositionCache): void {
  syncComparedRun(session, state, api);
  syncOutcomes(session, state, api);
  syncNearest(session, state, api);
  syncPreservation(session, state, api);
  syncAccuracies(session, state, api);
  syncSubclusters(session, state, api);
  effect(() => {
    session.runName.value;
    state.comparedName.value;
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
function comparedProblems({ runs }: Session, { comparedName }: Embeddings): string[] {
  const name = comparedName.value;
  const other = runs.value?.runs.find((each) => each.name === name);
  return other?.problems.map((problem) => `${name}: ${problem}`) ?? [];
}

import { effect } from "@preact/signals";
import { render as renderPreact } from "preact";
import chartCss from "uplot/dist/uPlot.min.css?inline";
import { type Api, createApi } from "./api/client";
import { asApiError } from "./api/errors";
import { exportedTransport } from "./api/exported";
import { httpTransport } from "./api/http";
import type { Transport } from "./api/transport";
import { App } from "./app";
import { type Address, createAddress, isVisible, watchTheme } from "./host/tensorboard";
import { inspector } from "./inspect";
import { watchKeys } from "./keys";
import type { Stage } from "./screens/embeddings/draw/stage";
import { keepNearest } from "./screens/embeddings/state/nearest";
import { keepOther } from "./screens/embeddings/state/other_run";
import { keepOutcomes } from "./screens/embeddings/state/outcomes";
import { keepAccuracies, keepSubclusters } from "./screens/embeddings/state/pair_figures";
import { createMarks } from "./screens/embeddings/state/points";
import { createPositionCache } from "./screens/embeddings/state/positions";
import { keepPreservation } from "./screens/embeddings/state/preservation";
import type { FlowStage } from "./screens/gradients/draw/stage";
import { createFlowFrames } from "./screens/gradients/state/flow_frames";
import { keepGradientDetails } from "./screens/gradients/state/load_details";
import { gradientsUrlOf } from "./screens/gradients/state/url";
import gradientsCss from "./screens/gradients/style.css?inline";
import { keepPlayground } from "./screens/playground/state/load";
import playgroundCss from "./screens/playground/style.css?inline";
import { keepFindings, keepScalars } from "./screens/scalars/state/load";
import scalarsCss from "./screens/scalars/style.css?inline";
import { trainStepAt } from "./session/axes";
import { unusedKeys } from "./session/link";
import { startLive } from "./session/live";
import { pageStateOf } from "./session/page_state";
import { createStore, isActive, type Store } from "./session/state";
import { fromParams, toParams, type UrlState } from "./session/url";
import css from "./style.css?inline";

/** Between two changes of the address; Safari refuses more than a hundred in thirty seconds. */
const URL_PAUSE_MS = 350;
/** What is dragged or typed is written when it comes to rest. */
const URL_DELAY_MS = 60;

/** Called by TensorBoard's page for plugins once this module is loaded; an exported page calls it below. */
export function render(): void {
  const style = document.createElement("style");
  style.textContent = chartCss + css + gradientsCss + scalarsCss + playgroundCss;
  document.head.append(style);
  document.title = "NeuroMapper";
  document.documentElement.lang = "en";
  const root = document.createElement("div");
  root.className = "nm-root";
  document.body.append(root);
  const site = window.neuromapperSite;
  start(
    root,
    site ? exportedTransport(site) : httpTransport(new URL(/* @vite-ignore */ "../", import.meta.url).href),
  );
}

if (window.neuromapperSite) render();

function start(root: HTMLElement, transport: Transport): void {
  const store = createStore();
  const api = createApi(transport);
  const { actions } = store;
  const cache = createPositionCache(api, actions.positionsArrived, actions.failed);
  const { marks, coloring, unselected, shown, drawn } = createMarks(store, cache);
  let stage: Stage | null = null;
  const onStage = (next: Stage | null) => {
    stage = next;
  };
  const flowFrames = createFlowFrames({
    api,
    summary: () => store.gradients.summary.peek(),
    onArrival: actions.frameArrived,
    onFailure: actions.failed,
  });
  let flowStage: FlowStage | null = null;
  const open = (params: Record<string, string>) => actions.urlOpened(fromParams(params), unusedKeys(params));
  const address = createAddress();
  open(address.read());
  watchTheme(actions.themeChanged);
  watchKeys(document, store);
  keepUrl(store, address, open);
  keepOther(store, api);
  keepOutcomes(store, api);
  keepNearest(store, api);
  keepPreservation(store, api);
  keepAccuracies(store, api);
  keepSubclusters(store, api);
  keepGradientDetails(store, api);
  keepScalars(store, api, isVisible);
  keepFindings(store, api);
  keepTrainStep(store);
  effect(() => {
    store.runName.value;
    store.beside.value;
    cache.clear();
  });
  effect(() => {
    if (store.connection.value.state === "ok") cache.retry();
  });
  effect(() => {
    store.runName.value;
    flowFrames.clear();
  });
  startLive(store, api, isVisible);
  const trainer = keepPlayground(store, api, isVisible);
  const hasPoints = () => store.nArrivals.value > 0 && cache.nSlices > 0;
  window.__neuromapper = {
    inspect: inspector(
      store,
      cache,
      () => stage,
      () => flowStage,
    ),
  };
  renderPreact(
    <App
      store={store}
      api={api}
      cache={cache}
      marks={marks}
      coloring={coloring}
      unselected={unselected}
      shown={shown}
      drawn={drawn}
      stage={() => stage}
      onStage={onStage}
      flowFrames={flowFrames}
      onFlowStage={(next) => {
        flowStage = next;
      }}
      trainer={trainer}
      onCancel={() => void cancel(store, api)}
      pageState={() => pageStateOf(store, hasPoints())}
    />,
    root,
  );
}

/** A link that names an epoch alone means the training step before it, once that is known. */
function keepTrainStep(store: Store): void {
  effect(() => {
    const { follow, step, trainStep, axis } = store;
    if (follow.value || trainStep.value !== null || step.value === null) return;
    const found = trainStepAt(axis.value, step.value);
    if (found !== null) trainStep.value = found;
  });
}

/** Stops the computations that are under way. */
async function cancel(store: Store, api: Api): Promise<void> {
  const run = store.runName.peek();
  const ids = store.newest
    .peek()
    .filter(isActive)
    .map(({ id }) => id);
  if (run === null || ids.length === 0) return;
  try {
    store.actions.projectionsLoaded(run, await api.cancel(ids));
  } catch (caught) {
    store.actions.failed(asApiError(caught).message);
  }
}

/** The address says what is shown: at once, but not more often than browsers allow. */
function keepUrl(store: Store, address: Address, open: (params: Record<string, string>) => void): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let writtenAt = Number.NEGATIVE_INFINITY;
  const write = () => {
    const params = toParams(urlStateOf(store));
    clearTimeout(timer);
    const waitMs = Math.max(URL_DELAY_MS, writtenAt + URL_PAUSE_MS - performance.now());
    timer = setTimeout(() => {
      writtenAt = performance.now();
      if (!address.write(params)) write();
    }, waitMs);
  };
  effect(write);
  address.watch((params) => {
    if (Object.keys(params).length > 0) open(params);
    else write();
  });
}

function urlStateOf(store: Store): UrlState {
  const { screen, runName, step, trainStep, follow, hiddenClasses, colorBy, chosenBlocks, enlarged, pinned } =
    store;
  return {
    screen: screen.value,
    gradients: gradientsUrlOf(store.gradients),
    ...(runName.value === null ? {} : { run: runName.value }),
    ...(store.beside.value === null ? {} : { beside: store.beside.value }),
    ...(step.value === null || follow.value ? {} : { step: step.value }),
    ...(trainStep.value === null || follow.value ? {} : { train: trainStep.value }),
    ...(chosenBlocks.value === null ? {} : { views: [...chosenBlocks.value] }),
    ...(enlarged.value === null ? {} : { large: enlarged.value }),
    ...(pinned.value === null ? {} : { pin: pinned.value }),
    selected: store.selected.value,
    isolated: store.isolated.value,
    layout: store.settings.value,
    sampling: store.sampling.value,
    hidden: [...hiddenClasses.value],
    smoothing: store.scalars.smoothing.value,
    logScale: store.scalars.log.value,
    tags: store.scalars.filter.value,
    hiddenRuns: [...store.scalars.hiddenRuns.value],
    thresholds: store.scalars.thresholds.value,
    color: colorBy.value,
    fade: store.fading.value,
    look: store.look.value,
    speed: store.speed.value,
    loop: store.loop.value,
    linked: store.linked.value,
    cameras: { ...store.cameras.value },
  };
}

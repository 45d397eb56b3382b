import { effect } from "@preact/signals";
import { render as renderPreact } from "preact";
import { type Api, createApi } from "./api/client";
import { asApiError } from "./api/errors";
import { exportedTransport } from "./api/exported";
import { httpTransport } from "./api/http";
import type { Transport } from "./api/transport";
import { App } from "./app";
import { isVisible, readUrlParams, watchTheme, watchUrl, writeUrlParams } from "./host/tensorboard";
import { inspector } from "./inspect";
import { watchKeys } from "./keys";
import { keepAccuracies, keepSubclusters } from "./state/evidence";
import { startLive } from "./state/live";
import { createMarks } from "./state/marks";
import { keepNearest } from "./state/nearest";
import { keepOther } from "./state/other";
import { keepOutcomes } from "./state/outcomes";
import { pageStateOf } from "./state/page_state";
import { createPositionCache } from "./state/positions";
import { keepPreservation } from "./state/preservation";
import { createStore, isActive, type Store } from "./state/store";
import { fromParams, toParams, type UrlState } from "./state/url";
import css from "./style.css?inline";
import type { Stage } from "./views/embeddings/stage";

const URL_DELAY_MS = 300;

/** Called by TensorBoard's page for plugins once this module is loaded; an exported page calls it below. */
export function render(): void {
  const style = document.createElement("style");
  style.textContent = css;
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
  const { marks, coloring, unselected, shown } = createMarks(store, cache);
  let stage: Stage | null = null;
  const onStage = (next: Stage | null) => {
    stage = next;
  };
  actions.urlOpened(fromParams(readUrlParams()));
  watchTheme(actions.themeChanged);
  watchKeys(document, store);
  keepUrl(store);
  keepOther(store, api);
  keepOutcomes(store, api);
  keepNearest(store, api);
  keepPreservation(store, api);
  keepAccuracies(store, api);
  keepSubclusters(store, api);
  effect(() => {
    store.runName.value;
    store.beside.value;
    cache.clear();
  });
  effect(() => {
    if (store.connection.value.state === "ok") cache.retry();
  });
  startLive(store, api, isVisible);
  const hasPoints = () => store.nArrivals.value > 0 && cache.nSlices > 0;
  window.__neuromapper = { inspect: inspector(store, cache, () => stage) };
  renderPreact(
    <App
      store={store}
      api={api}
      cache={cache}
      marks={marks}
      coloring={coloring}
      unselected={unselected}
      shown={shown}
      stage={() => stage}
      onStage={onStage}
      onCancel={() => void cancel(store, api)}
      pageState={() => pageStateOf(store, hasPoints())}
    />,
    root,
  );
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

/** The address says what is shown, a little after it is shown. */
function keepUrl(store: Store): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const write = () => {
    const params = toParams(urlStateOf(store));
    clearTimeout(timer);
    timer = setTimeout(() => writeUrlParams(params), URL_DELAY_MS);
  };
  effect(write);
  watchUrl((params) => {
    if (Object.keys(params).length > 0) store.actions.urlOpened(fromParams(params));
    else write();
  });
}

function urlStateOf(store: Store): UrlState {
  const { runName, step, follow, hiddenClasses, colorBy, chosenBlocks, enlarged, pinned } = store;
  return {
    ...(runName.value === null ? {} : { run: runName.value }),
    ...(store.beside.value === null ? {} : { beside: store.beside.value }),
    ...(step.value === null || follow.value ? {} : { step: step.value }),
    ...(chosenBlocks.value === null ? {} : { views: [...chosenBlocks.value] }),
    ...(enlarged.value === null ? {} : { large: enlarged.value }),
    ...(pinned.value === null ? {} : { pin: pinned.value }),
    selected: store.selected.value,
    isolated: store.isolated.value,
    layout: store.settings.value,
    sampling: store.sampling.value,
    hidden: [...hiddenClasses.value],
    color: colorBy.value,
    fade: store.fading.value,
    look: store.look.value,
    speed: store.speed.value,
    loop: store.loop.value,
    linked: store.linked.value,
    cameras: { ...store.cameras.value },
  };
}

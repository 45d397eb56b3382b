import { effect } from "@preact/signals";
import { render as renderPreact } from "preact";
import chartCss from "uplot/dist/uPlot.min.css?inline";
import { createApi } from "./api/client";
import { exportedTransport } from "./api/exported";
import { httpTransport } from "./api/http";
import type { Transport } from "./api/transport";
import { App } from "./app";
import { type Address, createAddress, isVisible, watchTheme } from "./host/tensorboard";
import { inspector } from "./inspect";
import { watchKeys } from "./keys";
import { PANELS, SCREENS } from "./screens/registry";
import { createSession, type Session } from "./session";
import { paramsOf } from "./session/link";
import { startLive } from "./session/live";
import { syncTrainStep } from "./session/step_cursor";
import shellCss from "./shell/style.css?inline";
import themeCss from "./shell/theme.css?inline";
import figuresCss from "./ui/figures.css?inline";
import uiCss from "./ui/style.css?inline";

/** Between two changes of the address; Safari refuses more than a hundred in thirty seconds. */
const URL_PAUSE_MS = 350;
/** What is dragged or typed is written when it comes to rest. */
const URL_DELAY_MS = 60;

/** Called by TensorBoard's page for plugins once this module is loaded; an exported page calls it below. */
export function render(): void {
  const style = document.createElement("style");
  // Of rules of equal weight the later one holds, so a sheet follows those that it builds on.
  const own = [...SCREENS, ...PANELS].map(({ css }) => css);
  style.textContent = [chartCss, themeCss, uiCss, figuresCss, shellCss, ...own].join("");
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
  const session = createSession();
  // Panels first: a mark that findings share with what a screen marks opens the first finding.
  const panels = PANELS.map(({ create }) => create(session, transport));
  const screens = SCREENS.map(({ name, title, create }) => ({ name, title, ...create(session, transport) }));
  session.install(screens, panels);
  const { actions } = session;
  const address = createAddress();
  actions.linkOpened(address.read());
  watchTheme(actions.themeChanged);
  watchKeys(document, session);
  syncUrl(session, address);
  syncTrainStep(session);
  startLive(session, createApi(transport), isVisible);
  window.__neuromapper = { inspect: inspector(session) };
  renderPreact(<App session={session} />, root);
}

/** The address says what is shown: at once, but not more often than browsers allow. */
function syncUrl(session: Session, address: Address): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let writtenAt = Number.NEGATIVE_INFINITY;
  const write = () => {
    const params = paramsOf(session);
    clearTimeout(timer);
    const waitMs = Math.max(URL_DELAY_MS, writtenAt + URL_PAUSE_MS - performance.now());
    timer = setTimeout(() => {
      writtenAt = performance.now();
      if (!address.write({ ...params })) write();
    }, waitMs);
  };
  effect(write);
  address.watch((params) => {
    if (Object.keys(params).length > 0) session.actions.linkOpened(params);
    else write();
  });
}

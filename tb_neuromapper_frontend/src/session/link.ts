import { batch } from "@preact/signals";
import type { Run } from "../api/types";
import type { Params } from "./part";
import { partsOf, type SessionState } from "./state";
import { DEFAULTS, fromParams, openUrl, type SessionUrl, toParams, urlOf } from "./url";

/** All that the address says of the page now; it reads signals. */
export function paramsOf(state: SessionState): Params {
  const own = toParams(urlOf(state));
  return Object.assign({}, own, ...partsOf(state).map(({ link }) => link.params()));
}

export function linkActions(state: SessionState) {
  return {
    /** Opens what a link says; what it does not name is at its default. */
    linkOpened(params: Params) {
      batch(() => {
        const url = fromParams(params);
        const parts = partsOf(state);
        if (url.run !== undefined && url.run !== state.runName.peek()) {
          state.wantedRun.value = url.run;
          if (state.runs.peek()) state.runName.value = null;
          state.run.value = null;
          state.samples.value = null;
          for (const part of parts) part.forget("run");
        }
        openUrl(state, url);
        for (const { link } of parts) link.open(params);
        state.failure.value = "";
        state.unusedOfLink.value = unusedKeys(state, params);
        settleLink(state);
      });
    },
  };
}

/** The keys of a link that cannot be used whatever the run is. */
export function unusedKeys(state: SessionState, params: Params): string[] {
  const links = partsOf(state).map(({ link }) => link);
  const used = Object.assign(
    {},
    toParams(openable(state, params)),
    ...links.map((link) => link.normalize(params)),
  );
  const screen = state.screens.peek()[0]?.name;
  const defaults = Object.assign({ screen }, DEFAULTS, ...links.map((link) => link.defaults));
  return Object.keys(params).filter((key) => !Object.hasOwn(used, key) && params[key] !== defaults[key]);
}

/** What the session can use of a link: of the screens those that there are. */
function openable(state: SessionState, params: Params): SessionUrl {
  const { screen, ...others } = fromParams(params);
  const isKnown = state.screens.peek().some(({ name }) => name === screen);
  return screen !== undefined && isKnown ? { ...others, screen } : others;
}

/** Drops what a link names and the run does not have, and says once which parts of it could not be used. */
export function settleLink(state: SessionState): void {
  const unused = state.unusedOfLink.peek();
  const run = state.run.peek();
  if (unused === null || run === null) return;
  const dropped = partsOf(state).flatMap(({ link }) => link.settle?.(run) ?? []);
  const all = [...new Set([...unused, ...dropped, ...dropMissingSamples(state, run)])];
  state.unusedOfLink.value = null;
  if (all.length === 0) return;
  const sentence = `The link's ${listed(all)} could not be used.`;
  state.failure.value = [state.failure.peek(), sentence].filter(Boolean).join(" ");
}

/** @returns the keys of what was dropped. */
function dropMissingSamples(state: SessionState, run: Run): string[] {
  const dropped: string[] = [];
  if ((state.pinned.peek() ?? -1) >= run.n_samples) {
    state.pinned.value = null;
    dropped.push("pin");
  }
  const rows = state.selected.peek();
  if (rows.length > 0 && rows[rows.length - 1] >= run.n_samples) {
    state.selected.value = rows.filter((row) => row < run.n_samples);
    dropped.push("selected");
  }
  return dropped;
}

function listed(words: readonly string[]): string {
  const last = words[words.length - 1];
  return words.length === 1 ? last : `${words.slice(0, -1).join(", ")} and ${last}`;
}

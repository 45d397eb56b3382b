import type { Run } from "../api/types";
import { columnOf, isMetadata } from "../screens/embeddings/state/color_by";
import { choicesBeside } from "../screens/embeddings/state/run_pair";
import type { State } from "./state";
import { fromParams, toParams } from "./url";

/** What a link need not say, because it is so in any case. */
const DEFAULTS: Readonly<Record<string, string>> = {
  screen: "embeddings",
  color: "label",
  speed: "2",
  contours: "off",
  regions: "0",
  size: "1",
  opacity: "1",
  fade: "0",
  loop: "0",
  linked: "0",
  isolated: "0",
  log: "0",
};

/** The keys of a link that make no sense whatever the run is. */
export function unusedKeys(params: Record<string, string>): string[] {
  const used = toParams(fromParams(params));
  return Object.keys(params).filter((key) => !Object.hasOwn(used, key) && params[key] !== DEFAULTS[key]);
}

/** Drops what a link names and the run does not have, and says once which parts of it could not be used. */
export function settleLink(state: State): void {
  const unused = state.unusedOfLink.peek();
  const run = state.run.peek();
  if (unused === null || run === null) return;
  const all = [...new Set([...unused, ...dropMissing(state, run)])];
  state.unusedOfLink.value = null;
  if (all.length === 0) return;
  const sentence = `The link's ${inWords(all)} could not be used.`;
  state.failure.value = [state.failure.peek(), sentence].filter(Boolean).join(" ");
}

/** @returns the keys of what was dropped. */
function dropMissing(state: State, run: Run): string[] {
  return [
    ...dropMissingTimes(state, run),
    ...dropMissingBlocks(state, run),
    ...dropMissingSamples(state, run),
  ];
}

/** An epoch that does not exist is replaced when the layouts are known. */
function dropMissingTimes(state: State, run: Run): string[] {
  const dropped: string[] = [];
  const runs = state.runs.peek();
  const beside = state.beside.peek();
  if (beside !== null && runs && !runs.exported && !choicesBeside(runs, run.name).includes(beside)) {
    state.beside.value = null;
    dropped.push("beside");
  }
  const step = state.step.peek();
  const other = runs?.runs.find(({ name }) => name === state.beside.peek());
  if (step !== null && !state.follow.peek() && ![...run.steps, ...(other?.steps ?? [])].includes(step))
    dropped.push("step");
  return dropped;
}

function dropMissingBlocks(state: State, run: Run): string[] {
  const blocks = run.blocks.map(({ name }) => name);
  const dropped: string[] = [];
  const views = state.chosenBlocks.peek();
  const known = views?.filter((block) => blocks.includes(block));
  if (views?.length !== known?.length) {
    state.chosenBlocks.value = known?.length ? known : null;
    dropped.push("views");
  }
  const enlarged = state.enlarged.peek();
  if (enlarged !== null && !blocks.includes(enlarged)) {
    state.enlarged.value = null;
    dropped.push("large");
  }
  return dropped;
}

function dropMissingSamples(state: State, run: Run): string[] {
  const dropped: string[] = [];
  if ((state.pinned.peek() ?? -1) >= run.n_samples) {
    state.pinned.value = null;
    dropped.push("pin");
  }
  const colorBy = state.colorBy.peek();
  if (isMetadata(colorBy) && !run.metadata.includes(columnOf(colorBy))) {
    state.colorBy.value = "label";
    dropped.push("color");
  }
  const rows = state.selected.peek();
  if (rows.length > 0 && rows[rows.length - 1] >= run.n_samples) {
    state.selected.value = rows.filter((row) => row < run.n_samples);
    dropped.push("selected");
  }
  return dropped;
}

function inWords(words: readonly string[]): string {
  const last = words[words.length - 1];
  return words.length === 1 ? last : `${words.slice(0, -1).join(", ")} and ${last}`;
}

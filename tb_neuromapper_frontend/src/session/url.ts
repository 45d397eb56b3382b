import type { Params } from "./part";
import { rowsFromText, rowsToText } from "./rows_text";
import { NO_ROWS, type Rows } from "./selection";
import { DEFAULT_SPEED, type SessionState, SPEEDS } from "./state";

/** What of the session a link carries. Absent means: the default. */
export interface SessionUrl {
  screen?: string;
  run?: string;
  /** The epoch; absent while following the newest one. */
  step?: number;
  /** The training step; absent while following. */
  train?: number;
  hidden?: number[];
  speed?: number;
  loop?: boolean;
  pin?: number;
  selected?: Rows;
  isolated?: boolean;
}

/** What a link need not say, because it is so in any case. */
export const DEFAULTS: Params = { speed: String(DEFAULT_SPEED), loop: "0", isolated: "0" };

const MAX_CLASSES = 1_000_000;

export function urlOf(state: SessionState): SessionUrl {
  const { screen, screens, runName, epoch, trainStep, follow, hiddenClasses, pinned } = state;
  return {
    ...(screen.value === screens.value[0]?.name ? {} : { screen: screen.value }),
    ...(runName.value === null ? {} : { run: runName.value }),
    ...(epoch.value === null || follow.value ? {} : { step: epoch.value }),
    ...(trainStep.value === null || follow.value ? {} : { train: trainStep.value }),
    ...(pinned.value === null ? {} : { pin: pinned.value }),
    hidden: [...hiddenClasses.value],
    speed: state.speed.value,
    loop: state.loop.value,
    selected: state.selected.value,
    isolated: state.isolated.value,
  };
}

/** Without a screen that is known the first one is opened. */
export function openUrl(state: SessionState, url: SessionUrl): void {
  const names = state.screens.peek().map(({ name }) => name);
  // An exported page holds the first screen alone.
  const known = state.runs.peek()?.exported ? undefined : names.find((name) => name === url.screen);
  state.screen.value = known ?? names[0] ?? "";
  state.epoch.value = url.step ?? null;
  state.trainStep.value = url.train ?? null;
  state.follow.value = url.step === undefined && url.train === undefined;
  state.hiddenClasses.value = new Set(url.hidden ?? []);
  state.speed.value = url.speed ?? DEFAULT_SPEED;
  state.loop.value = url.loop ?? false;
  state.pinned.value = url.pin ?? null;
  state.selected.value = url.selected ?? NO_ROWS;
  state.isolated.value = url.isolated ?? false;
}

/** As short strings; defaults are left out. */
export function toParams(url: SessionUrl): Params {
  const params: Record<string, string> = {};
  if (url.screen !== undefined) params.screen = url.screen;
  if (url.run !== undefined) params.run = url.run;
  if (url.step !== undefined) params.step = String(url.step);
  if (url.train !== undefined) params.train = String(url.train);
  if (url.hidden?.length) params.hidden = toRanges(url.hidden);
  if (url.speed !== undefined && url.speed !== DEFAULT_SPEED) params.speed = String(url.speed);
  if (url.loop) params.loop = "1";
  if (url.pin !== undefined) params.pin = String(url.pin);
  const selected = rowsToText(url.selected ?? NO_ROWS);
  if (selected) params.selected = selected;
  if (selected && url.isolated) params.isolated = "1";
  return params;
}

/** Reads what `toParams` wrote; what cannot be used is left out. */
export function fromParams(params: Params): SessionUrl {
  const url: SessionUrl = {};
  if (params.screen) url.screen = params.screen;
  if (params.run) url.run = params.run;
  const step = toInteger(params.step);
  if (step !== null) url.step = step;
  const train = toInteger(params.train);
  if (train !== null && train >= 0) url.train = train;
  const hidden = fromRanges(params.hidden ?? "");
  if (hidden.length > 0) url.hidden = hidden;
  const speed = Number(params.speed);
  if ((SPEEDS as readonly number[]).includes(speed)) url.speed = speed;
  if (params.loop === "1") url.loop = true;
  const pin = toInteger(params.pin);
  if (pin !== null && pin >= 0) url.pin = pin;
  const selected = rowsFromText(params.selected ?? "");
  if (selected.length > 0) url.selected = selected;
  if (selected.length > 0 && params.isolated === "1") url.isolated = true;
  return url;
}

function toInteger(text: string | undefined): number | null {
  return text !== undefined && /^-?\d{1,15}$/.test(text) ? Number(text) : null;
}

/** 1,2,3,7 as "1-3.7": a thousand hidden classes still fit a link. */
export function toRanges(numbers: readonly number[]): string {
  const sorted = [...new Set(numbers)].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let i = 0; i < sorted.length; i++) {
    const first = sorted[i];
    while (sorted[i + 1] === sorted[i] + 1) i += 1;
    parts.push(sorted[i] === first ? String(first) : `${first}-${sorted[i]}`);
  }
  return parts.join(".");
}

/** Ranges that do not ascend were not written by us and are left out: a short text cannot ask for endless work. */
export function fromRanges(text: string): number[] {
  const numbers: number[] = [];
  let next = 0;
  for (const part of text.split(".")) {
    const match = /^(\d{1,7})(?:-(\d{1,7}))?$/.exec(part);
    if (!match) continue;
    const first = Number(match[1]);
    const last = Math.min(MAX_CLASSES, Number(match[2] ?? match[1]));
    if (first < next) continue;
    for (next = first; next <= last; next++) numbers.push(next);
  }
  return numbers;
}

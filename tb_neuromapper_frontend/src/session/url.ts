import { type Camera, HOME, MAX_ZOOM, MIN_ZOOM } from "../render/camera";
import {
  DEFAULT_LOOK,
  type Look,
  lookFromParams,
  lookToParams,
} from "../screens/embeddings/state/appearance";
import { type ColorBy, DEFAULT_SPEED, SPEEDS, toColorBy } from "../screens/embeddings/state/color_by";
import {
  fromText,
  type LayoutSettings,
  toText as parametersToText,
} from "../screens/embeddings/state/parameters";
import { ALL_SAMPLES, type Sampling } from "../screens/embeddings/state/sampling";
import { type GradientsUrl, gradientsFromParams, gradientsToParams } from "../screens/gradients/state/url";
import { SCREENS, type Screen, toScreen } from "../screens/registry";
import { MAX_SMOOTHING } from "../screens/scalars/state/smoothing";
import { DEFAULT_SMOOTHING } from "../screens/scalars/state/state";
import { rowsFromText, rowsToText } from "./rows_text";
import { NO_ROWS, type Rows } from "./selection";

/** What of the state a link carries. Absent means: the default. */
export interface UrlState {
  gradients?: GradientsUrl;
  screen?: Screen;
  run?: string;
  beside?: string;
  /** Absent while following the newest epoch. */
  step?: number;
  /** The training step; absent while following. */
  train?: number;
  hidden?: number[];
  /** Of the scalars screen. */
  smoothing?: number;
  logScale?: boolean;
  tags?: string;
  hiddenRuns?: string[];
  thresholds?: Readonly<Record<string, number>>;
  speed?: number;
  loop?: boolean;
  color?: ColorBy;
  fade?: boolean;
  look?: Look;
  views?: string[];
  large?: string;
  pin?: number;
  selected?: Rows;
  isolated?: boolean;
  linked?: boolean;
  cameras?: Record<string, Camera>;
  layout?: LayoutSettings;
  sampling?: Sampling;
}

const MAX_CLASSES = 1_000_000;

/** As short strings; defaults are left out. */
export function toParams(state: UrlState): Record<string, string> {
  const params: Record<string, string> = {};
  if (state.screen !== undefined && state.screen !== SCREENS[0]) params.screen = state.screen;
  if (state.run !== undefined) params.run = state.run;
  if (state.beside !== undefined) params.beside = state.beside;
  if (state.step !== undefined) params.step = String(state.step);
  if (state.train !== undefined) params.train = String(state.train);
  if (state.hidden?.length) params.hidden = toRanges(state.hidden);
  if (state.smoothing !== undefined && state.smoothing !== DEFAULT_SMOOTHING)
    params.smooth = String(state.smoothing);
  if (state.logScale) params.log = "1";
  if (state.tags) params.tags = state.tags;
  if (state.hiddenRuns?.length) params.without = JSON.stringify(state.hiddenRuns);
  if (state.thresholds && Object.keys(state.thresholds).length > 0)
    params.thresholds = JSON.stringify(state.thresholds);
  if (state.speed !== undefined && state.speed !== DEFAULT_SPEED) params.speed = String(state.speed);
  if (state.loop) params.loop = "1";
  if (state.color !== undefined && state.color !== "label") params.color = state.color;
  if (state.fade) params.fade = "1";
  Object.assign(params, lookToParams(state.look ?? DEFAULT_LOOK));
  if (state.views?.length) params.views = toList(state.views);
  if (state.large !== undefined) params.large = state.large;
  if (state.pin !== undefined) params.pin = String(state.pin);
  const selected = rowsToText(state.selected ?? NO_ROWS);
  if (selected) params.selected = selected;
  if (selected && state.isolated) params.isolated = "1";
  if (state.linked) params.linked = "1";
  const cameras = Object.entries(state.cameras ?? {}).filter(([, camera]) => !isHome(camera));
  if (cameras.length > 0)
    params.cameras = toList(cameras.flatMap(([block, camera]) => [block, cameraToText(camera)]));
  const layout = Object.entries(state.layout ?? {}).filter(
    ([, parameters]) => Object.keys(parameters).length > 0,
  );
  if (layout.length > 0)
    params.layout = toList(layout.flatMap(([block, each]) => [`=${block}`, parametersToText(each)]));
  const { size, seed, stratified } = state.sampling ?? ALL_SAMPLES;
  if (size !== null) params.samples = [size, seed, stratified ? 1 : 0].join("_");
  return { ...params, ...gradientsToParams(state.gradients ?? {}) };
}

/** Reads what `toParams` wrote; whatever makes no sense is as if it were not there. */
export function fromParams(params: Record<string, string>): UrlState {
  const state: UrlState = {};
  const screen = toScreen(params.screen);
  if (screen !== SCREENS[0]) state.screen = screen;
  if (params.run) state.run = params.run;
  if (params.beside && params.beside !== params.run) state.beside = params.beside;
  const step = toInteger(params.step);
  if (step !== null) state.step = step;
  const train = toInteger(params.train);
  if (train !== null && train >= 0) state.train = train;
  const hidden = fromRanges(params.hidden ?? "");
  if (hidden.length > 0) state.hidden = hidden;
  const smoothing = params.smooth === undefined ? Number.NaN : Number(params.smooth);
  if (smoothing >= 0 && smoothing <= MAX_SMOOTHING) state.smoothing = smoothing;
  if (params.log === "1") state.logScale = true;
  if (params.tags) state.tags = params.tags;
  const without = fromJson(params.without);
  if (Array.isArray(without)) state.hiddenRuns = without.filter((name) => typeof name === "string");
  const thresholds = fromJson(params.thresholds);
  if (thresholds !== null && typeof thresholds === "object" && !Array.isArray(thresholds))
    state.thresholds = Object.fromEntries(
      Object.entries(thresholds).filter((pair): pair is [string, number] => Number.isFinite(pair[1])),
    );
  const speed = Number(params.speed);
  if ((SPEEDS as readonly number[]).includes(speed)) state.speed = speed;
  if (params.loop === "1") state.loop = true;
  const color = toColorBy(params.color);
  if (color && color !== "label") state.color = color;
  if (params.fade === "1") state.fade = true;
  const look = lookFromParams(params);
  if (look) state.look = look;
  const views = fromList(params.views);
  if (views.length > 0) state.views = [...new Set(views)];
  if (params.large) state.large = params.large;
  const pin = toInteger(params.pin);
  if (pin !== null && pin >= 0) state.pin = pin;
  const selected = rowsFromText(params.selected ?? "");
  if (selected.length > 0) state.selected = selected;
  if (selected.length > 0 && params.isolated === "1") state.isolated = true;
  if (params.linked === "1") state.linked = true;
  const cameras = camerasOf(fromList(params.cameras));
  if (Object.keys(cameras).length > 0) state.cameras = cameras;
  const layout = layoutOf(fromList(params.layout));
  if (Object.keys(layout).length > 0) state.layout = layout;
  const samples = /^(\d{1,9})_(\d{1,9})_([01])$/.exec(params.samples ?? "");
  if (samples && Number(samples[1]) > 0) {
    state.sampling = { size: Number(samples[1]), seed: Number(samples[2]), stratified: samples[3] === "1" };
  }
  const gradients = gradientsFromParams(params);
  if (Object.keys(gradients).length > 0) state.gradients = gradients;
  return state;
}

/** Block names may hold any character, so each is escaped on its own. */
function toList(parts: readonly string[]): string {
  return parts.map((part) => encodeURIComponent(part)).join(",");
}

function fromList(text: string | undefined): string[] {
  if (!text) return [];
  try {
    return text.split(",").map(decodeURIComponent).filter(Boolean);
  } catch {
    return [];
  }
}

function isHome(camera: Camera): boolean {
  return cameraToText(camera) === cameraToText(HOME);
}

function cameraToText({ x, y, zoom, rotation, mirrored }: Camera): string {
  return [x.toFixed(4), y.toFixed(4), zoom.toPrecision(4), rotation, mirrored ? 1 : 0].map(Number).join("_");
}

/** Pairs of "=block", "=" alone for all blocks, and its parameters. */
function layoutOf(parts: string[]): LayoutSettings {
  const layout: [string, LayoutSettings[string]][] = [];
  for (let i = 0; i + 1 < parts.length; i += 2) {
    const parameters = fromText(parts[i + 1]);
    if (parts[i].startsWith("=") && Object.keys(parameters).length > 0)
      layout.push([parts[i].slice(1), parameters]);
  }
  return Object.fromEntries(layout);
}

function camerasOf(parts: string[]): Record<string, Camera> {
  const cameras: [string, Camera][] = [];
  for (let i = 0; i + 1 < parts.length; i += 2) {
    const [x, y, zoom, rotation, mirrored] = parts[i + 1].split("_").map(Number);
    const camera = { x, y, zoom, rotation, mirrored: mirrored === 1 };
    const sane = [x, y, zoom, rotation].every(Number.isFinite) && zoom >= MIN_ZOOM && zoom <= MAX_ZOOM;
    if (sane && Math.abs(x) < 100 && Math.abs(y) < 100) cameras.push([parts[i], camera]);
  }
  return Object.fromEntries(cameras);
}

function toInteger(text: string | undefined): number | null {
  return text !== undefined && /^-?\d{1,15}$/.test(text) ? Number(text) : null;
}

/** 1,2,3,7 as "1-3.7": a thousand hidden classes still fit a link. */
/** What a text says in JSON; null if it is none. */
function fromJson(text: string | undefined): unknown {
  try {
    return text === undefined ? null : (JSON.parse(text) as unknown);
  } catch {
    return null;
  }
}

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

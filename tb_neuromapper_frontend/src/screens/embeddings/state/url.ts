import type { Run } from "../../../api/types";
import { type Camera, HOME, MAX_ZOOM, MIN_ZOOM } from "../../../render/camera";
import { fromList, toList } from "../../../session/params";
import type { LinkPart, Params } from "../../../session/part";
import type { SessionState } from "../../../session/state";
import { type Appearance, appearanceFromParams, appearanceToParams, DEFAULT_APPEARANCE } from "./appearance";
import {
  type ColorBy,
  columnOf,
  isMetadata,
  isOutcome,
  needsOutcomes,
  outcomeOf,
  toColorBy,
} from "./color_by";
import { forgetComparison } from "./comparison_actions";
import { followEpochs } from "./layout_actions";
import { otherColumns } from "./outcome_columns";
import { fromText, type LayoutSettings, toText as parametersToText } from "./parameters";
import { comparableRuns } from "./run_pair";
import { ALL_SAMPLES, type Sampling } from "./sampling";
import type { EmbeddingsState } from "./state";

/** What of the embeddings screen a link carries. Absent means: the default. */
export interface EmbeddingsUrl {
  comparedName?: string;
  color?: ColorBy;
  fade?: boolean;
  appearance?: Appearance;
  views?: string[];
  large?: string;
  linked?: boolean;
  cameras?: Record<string, Camera>;
  layout?: LayoutSettings;
  sampling?: Sampling;
}

export function embeddingsLink(session: SessionState, state: EmbeddingsState): LinkPart {
  return {
    params: () => toParams(urlOf(state)),
    open: (params) => openUrl(state, fromParams(params)),
    normalize: (params) => toParams(fromParams(params)),
    defaults: {
      color: "label",
      contours: "off",
      regions: "0",
      size: "1",
      opacity: "1",
      fade: "0",
      linked: "0",
    },
    settle(run) {
      const dropped = [...dropMissingTimes(session, state, run), ...dropMissingBlocks(state, run)];
      // Only now: that the link's epoch does not exist has been found out.
      followEpochs(session, state);
      return dropped;
    },
  };
}

function urlOf(state: EmbeddingsState): EmbeddingsUrl {
  const { comparedName, chosenBlocks, enlarged } = state;
  return {
    ...(comparedName.value === null ? {} : { comparedName: comparedName.value }),
    ...(chosenBlocks.value === null ? {} : { views: [...chosenBlocks.value] }),
    ...(enlarged.value === null ? {} : { large: enlarged.value }),
    color: state.colorBy.value,
    fade: state.fading.value,
    appearance: state.appearance.value,
    linked: state.linked.value,
    cameras: { ...state.cameras.value },
    layout: state.settings.value,
    sampling: state.sampling.value,
  };
}

function openUrl(state: EmbeddingsState, url: EmbeddingsUrl): void {
  const comparedName = url.comparedName ?? null;
  if (comparedName !== state.comparedName.peek()) {
    state.comparedName.value = comparedName;
    forgetComparison(state);
  }
  const color = url.color ?? "label";
  state.colorBy.value = comparedName !== null && needsOutcomes(color) ? "label" : color;
  state.fading.value = url.fade ?? false;
  state.appearance.value = url.appearance ?? DEFAULT_APPEARANCE;
  state.chosenBlocks.value = url.views ?? null;
  state.enlarged.value = url.large ?? null;
  state.linked.value = url.linked ?? false;
  state.cameras.value = url.cameras ?? {};
  state.settings.value = url.layout ?? {};
  state.sampling.value = url.sampling ?? ALL_SAMPLES;
}

/** An epoch that does not exist is replaced when the layouts are known. */
function dropMissingTimes(session: SessionState, state: EmbeddingsState, run: Run): string[] {
  const dropped: string[] = [];
  const runs = session.runs.peek();
  const comparedName = state.comparedName.peek();
  if (
    comparedName !== null &&
    runs &&
    !runs.exported &&
    !comparableRuns(runs, run.name).includes(comparedName)
  ) {
    state.comparedName.value = null;
    dropped.push("beside");
  }
  const epoch = session.epoch.peek();
  const other = runs?.runs.find(({ name }) => name === state.comparedName.peek());
  if (epoch !== null && !session.follow.peek() && ![...run.steps, ...(other?.steps ?? [])].includes(epoch))
    dropped.push("step");
  return dropped;
}

function dropMissingBlocks(state: EmbeddingsState, run: Run): string[] {
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
  const colorBy = state.colorBy.peek();
  const isGone =
    (isMetadata(colorBy) && !run.metadata.includes(columnOf(colorBy))) ||
    (isOutcome(colorBy) && !otherColumns(run).includes(outcomeOf(colorBy)));
  if (isGone) {
    state.colorBy.value = "label";
    dropped.push("color");
  }
  return dropped;
}

/** As short strings; defaults are left out. */
export function toParams(url: EmbeddingsUrl): Params {
  const params: Record<string, string> = {};
  if (url.comparedName !== undefined) params.beside = url.comparedName;
  if (url.color !== undefined && url.color !== "label") params.color = url.color;
  if (url.fade) params.fade = "1";
  Object.assign(params, appearanceToParams(url.appearance ?? DEFAULT_APPEARANCE));
  if (url.views?.length) params.views = toList(url.views);
  if (url.large !== undefined) params.large = url.large;
  if (url.linked) params.linked = "1";
  const cameras = Object.entries(url.cameras ?? {}).filter(([, camera]) => !isHome(camera));
  if (cameras.length > 0)
    params.cameras = toList(cameras.flatMap(([block, camera]) => [block, cameraToText(camera)]));
  const layout = Object.entries(url.layout ?? {}).filter(([, each]) => Object.keys(each).length > 0);
  if (layout.length > 0)
    params.layout = toList(layout.flatMap(([block, each]) => [`=${block}`, parametersToText(each)]));
  const { size, seed, stratified } = url.sampling ?? ALL_SAMPLES;
  if (size !== null) params.samples = [size, seed, stratified ? 1 : 0].join("_");
  return params;
}

/** Reads what `toParams` wrote; what cannot be used is left out. */
export function fromParams(params: Params): EmbeddingsUrl {
  const url: EmbeddingsUrl = {};
  if (params.beside && params.beside !== params.run) url.comparedName = params.beside;
  const color = toColorBy(params.color);
  if (color && color !== "label") url.color = color;
  if (params.fade === "1") url.fade = true;
  const appearance = appearanceFromParams(params);
  if (appearance) url.appearance = appearance;
  const views = fromList(params.views);
  if (views.length > 0) url.views = [...new Set(views)];
  if (params.large) url.large = params.large;
  if (params.linked === "1") url.linked = true;
  const cameras = camerasOf(fromList(params.cameras));
  if (Object.keys(cameras).length > 0) url.cameras = cameras;
  const layout = layoutOf(fromList(params.layout));
  if (Object.keys(layout).length > 0) url.layout = layout;
  const samples = /^(\d{1,9})_(\d{1,9})_([01])$/.exec(params.samples ?? "");
  if (samples && Number(samples[1]) > 0)
    url.sampling = { size: Number(samples[1]), seed: Number(samples[2]), stratified: samples[3] === "1" };
  return url;
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

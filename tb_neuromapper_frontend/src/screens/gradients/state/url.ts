import type { LinkPart, Params } from "../../../session/part";
import { MEASURES, type Measure } from "../types";
import {
  DEFAULT_EDGE_LIMIT,
  DEFAULT_PASS_S,
  EDGE_LIMITS,
  type EdgeLimit,
  type GradientsState,
  PASS_SECONDS,
  SHOWN,
  type Shown,
} from "./state";

/** What of the gradients screen a link carries. Absent means: the default. */
interface GradientsUrl {
  layer?: string;
  /** Of `layer`. */
  unit?: number;
  measure?: Measure;
  shown?: Shown;
  edgeLimit?: EdgeLimit;
  passS?: number;
  folded?: string[];
  unfolded?: string[];
}

export function gradientsLink(gradients: GradientsState): LinkPart {
  return {
    params: () => toParams(urlOf(gradients)),
    open: (params) => openUrl(gradients, fromParams(params)),
    normalize: (params) => toParams(fromParams(params)),
    defaults: {},
  };
}

function urlOf(gradients: GradientsState): GradientsUrl {
  const { layer, pinned, measure, shown, edgeLimit, passS, folded, unfolded } = gradients;
  const ref = pinned.value;
  const layerName = ref?.layer ?? layer.value;
  return {
    ...(layerName === null ? {} : { layer: layerName }),
    ...(ref === null ? {} : { unit: ref.unit }),
    ...(measure.value === MEASURES[0] ? {} : { measure: measure.value }),
    ...(shown.value === SHOWN[0] ? {} : { shown: shown.value }),
    ...(edgeLimit.value === DEFAULT_EDGE_LIMIT ? {} : { edgeLimit: edgeLimit.value }),
    ...(passS.value === DEFAULT_PASS_S ? {} : { passS: passS.value }),
    ...(folded.value.size === 0 ? {} : { folded: [...folded.value] }),
    ...(unfolded.value.size === 0 ? {} : { unfolded: [...unfolded.value] }),
  };
}

function openUrl(gradients: GradientsState, url: GradientsUrl): void {
  const layer = url.layer ?? null;
  gradients.layer.value = layer;
  gradients.pinned.value = layer !== null && url.unit !== undefined ? { layer, unit: url.unit } : null;
  gradients.measure.value = url.measure ?? MEASURES[0];
  gradients.shown.value = url.shown ?? SHOWN[0];
  gradients.edgeLimit.value = url.edgeLimit === undefined ? DEFAULT_EDGE_LIMIT : url.edgeLimit;
  gradients.passS.value = url.passS ?? DEFAULT_PASS_S;
  gradients.folded.value = new Set(url.folded ?? []);
  gradients.unfolded.value = new Set(url.unfolded ?? []);
}

export function toParams(url: GradientsUrl): Params {
  const params: Record<string, string> = {};
  if (url.layer !== undefined) params.layer = url.layer;
  if (url.unit !== undefined) params.unit = String(url.unit);
  if (url.measure !== undefined) params.measure = url.measure;
  if (url.shown !== undefined) params.shown = url.shown;
  if (url.edgeLimit !== undefined) params.lines = String(url.edgeLimit ?? "all");
  if (url.passS !== undefined) params.pass = String(url.passS);
  if (url.folded?.length) params.folded = toList(url.folded);
  if (url.unfolded?.length) params.unfolded = toList(url.unfolded);
  return params;
}

/** Reads what `toParams` wrote; what cannot be used is left out. */
export function fromParams(params: Params): GradientsUrl {
  const limit = EDGE_LIMITS.find((each) => String(each ?? "all") === params.lines);
  const measure = MEASURES.find((each) => each === params.measure);
  const shown = SHOWN.find((each) => each === params.shown);
  const passS = PASS_SECONDS.find((each) => String(each) === params.pass);
  const folded = listOf(params.folded);
  const unfolded = listOf(params.unfolded);
  return {
    ...(params.layer ? { layer: params.layer } : {}),
    ...(params.layer && /^\d{1,9}$/.test(params.unit ?? "") ? { unit: Number(params.unit) } : {}),
    ...(measure ? { measure } : {}),
    ...(shown ? { shown } : {}),
    ...(limit === undefined ? {} : { edgeLimit: limit }),
    ...(passS ? { passS } : {}),
    ...(folded.length > 0 ? { folded } : {}),
    ...(unfolded.length > 0 ? { unfolded } : {}),
  };
}

/** Each name after a dot: the network's input is called "". */
function toList(names: readonly string[]): string {
  return names.map((name) => `.${encodeURIComponent(name)}`).join(",");
}

function listOf(text: string | undefined): string[] {
  try {
    return text ? text.split(",").map((part) => decodeURIComponent(part.slice(1))) : [];
  } catch {
    return [];
  }
}

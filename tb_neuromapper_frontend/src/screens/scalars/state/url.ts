import { fromJson } from "../../../session/params";
import type { LinkPart, Params } from "../../../session/part";
import { MAX_SMOOTHING } from "./smoothing";
import { DEFAULT_SMOOTHING, type ScalarsState } from "./state";

/** What of the scalars screen a link carries. */
interface ScalarsUrl {
  smoothing: number;
  log: boolean;
  filter: string;
  hiddenRuns: readonly string[];
}

export function scalarsLink(scalars: ScalarsState): LinkPart {
  return {
    params: () => toParams(urlOf(scalars)),
    open(params) {
      const url = fromParams(params);
      scalars.smoothing.value = url.smoothing;
      scalars.log.value = url.log;
      scalars.filter.value = url.filter;
      scalars.hiddenRuns.value = new Set(url.hiddenRuns);
    },
    normalize: (params) => toParams(fromParams(params)),
    defaults: { log: "0" },
  };
}

function urlOf({ smoothing, log, filter, hiddenRuns }: ScalarsState): ScalarsUrl {
  return {
    smoothing: smoothing.value,
    log: log.value,
    filter: filter.value,
    hiddenRuns: [...hiddenRuns.value],
  };
}

/** As short strings; defaults are left out. */
function toParams({ smoothing, log, filter, hiddenRuns }: ScalarsUrl): Params {
  return {
    ...(smoothing === DEFAULT_SMOOTHING ? {} : { smooth: String(smoothing) }),
    ...(log ? { log: "1" } : {}),
    ...(filter ? { tags: filter } : {}),
    ...(hiddenRuns.length > 0 ? { without: JSON.stringify(hiddenRuns) } : {}),
  };
}

/** Reads what `toParams` wrote; what cannot be used is at its default. */
function fromParams(params: Params): ScalarsUrl {
  const smoothing = params.smooth === undefined ? Number.NaN : Number(params.smooth);
  const without = fromJson(params.without);
  return {
    smoothing: smoothing >= 0 && smoothing <= MAX_SMOOTHING ? smoothing : DEFAULT_SMOOTHING,
    log: params.log === "1",
    filter: params.tags ?? "",
    hiddenRuns: Array.isArray(without) ? without.filter((name) => typeof name === "string") : [],
  };
}

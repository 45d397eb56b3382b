import { toFlow, toOverview } from "../screens/gradients/frames";
import type {
  Distributions,
  FlowFrame,
  Gradients,
  OverviewPart,
  UnitHistory,
} from "../screens/gradients/types";
import type { PlaygroundForm, Training } from "../screens/playground/types";
import type { Findings, ScalarIndex, ScalarSeries } from "../screens/scalars/types";
import { ApiError } from "./errors";
import type { Frame } from "./frame";
import type { Transport } from "./transport";
import type {
  Accuracy,
  Extent,
  Neighbors,
  Outcomes,
  Parameters,
  Positions,
  Preservation,
  Projection,
  Run,
  Runs,
  Samples,
  Subclusters,
} from "./types";

export interface Api {
  runs(signal?: AbortSignal): Promise<Runs>;
  run(name: string, signal?: AbortSignal): Promise<Run>;
  samples(name: string, signal?: AbortSignal): Promise<Samples>;
  outcomes(name: string, step: number, signal?: AbortSignal): Promise<Outcomes>;
  neighbors(wanted: WantedNeighbors, signal?: AbortSignal): Promise<Neighbors>;
  accuracy(name: string, signal?: AbortSignal): Promise<Accuracy>;
  subclusters(id: string, step: number, signal?: AbortSignal): Promise<Subclusters>;
  thumbnailsUrl(name: string, sheet: number, probeVersion: string): string;
  gradients(name: string, signal?: AbortSignal): Promise<Gradients>;
  flow(name: string, step: number, version: string, signal?: AbortSignal): Promise<FlowFrame>;
  /** The columns of the steps after `after`; null: from the first. */
  overview(name: string, after: number | null, signal?: AbortSignal): Promise<OverviewPart>;
  unitHistory(name: string, layer: string, unit: number, signal?: AbortSignal): Promise<UnitHistory>;
  /** @param parameter null: the layer's largest weight. */
  distributions(
    name: string,
    layer: string,
    parameter: string | null,
    signal?: AbortSignal,
  ): Promise<Distributions>;
  scalars(signal?: AbortSignal): Promise<ScalarIndex>;
  series(run: string, tag: string, signal?: AbortSignal): Promise<ScalarSeries>;
  findings(
    run: string,
    thresholds: Readonly<Record<string, number>>,
    signal?: AbortSignal,
  ): Promise<Findings>;
  startProjections(request: ProjectionRequest, signal?: AbortSignal): Promise<Projection[]>;
  projections(ids: string[], signal?: AbortSignal): Promise<Projection[]>;
  cancel(ids: string[], signal?: AbortSignal): Promise<Projection[]>;
  positions(wanted: WantedPositions, signal?: AbortSignal): Promise<Positions[]>;
  preservation(wanted: WantedPositions, signal?: AbortSignal): Promise<Preservation[]>;
  playground(signal?: AbortSignal): Promise<PlaygroundForm>;
  /** Newest first. */
  trainings(signal?: AbortSignal): Promise<Training[]>;
  startTraining(parameters: Record<string, unknown>, signal?: AbortSignal): Promise<Training>;
  stopTraining(id: string, signal?: AbortSignal): Promise<Training[]>;
}

export interface ProjectionRequest {
  run?: string;
  /** Two runs in one space, instead of `run`. */
  runs?: [string, string];
  blocks?: string[];
  parameters?: Parameters;
  /** The step on view; after a change of parameters its surroundings are laid out first. */
  focus?: number;
  /** What was cancelled stays so. */
  unless_cancelled?: boolean;
}

export interface WantedPositions {
  step: number;
  ids: string[];
  revisions: number[];
}

export interface WantedNeighbors {
  run: string;
  block: string;
  step: number;
  row: number;
  k: number;
  metric: string;
}

/** The requests of docs/http_api.md. */
export function createApi({ url, json: getJson, frame: getFrame, post }: Transport): Api {
  return {
    runs: async (signal) => (await getJson("runs", {}, signal)) as Runs,
    run: async (name, signal) => (await getJson("run", { run: name }, signal)) as Run,
    samples: async (name, signal) => toSamples(await getFrame("samples", { run: name }, signal)),
    outcomes: async (name, step, signal) =>
      toOutcomes(step, await getFrame("outcomes", { run: name, step }, signal)),
    neighbors: async (wanted, signal) => toNeighbors(await getJson("neighbors", { ...wanted }, signal)),
    accuracy: async (name, signal) => (await getJson("accuracy", { run: name }, signal)) as Accuracy,
    subclusters: async (id, step, signal) =>
      (await getJson("subclusters", { id, step }, signal)) as Subclusters,
    thumbnailsUrl: (name, sheet, probeVersion) => url("thumbnails", { run: name, sheet, v: probeVersion }),
    gradients: async (run, signal) => (await getJson("gradients", { run }, signal)) as Gradients,
    flow: async (run, step, v, signal) => toFlow(await getFrame("gradients/flow", { run, step, v }, signal)),
    overview: async (run, after, signal) =>
      toOverview(await getFrame("gradients/overview", after === null ? { run } : { run, after }, signal)),
    unitHistory: async (run, layer, unit, signal) =>
      (await getJson("gradients/unit", { run, layer, unit }, signal)) as UnitHistory,
    distributions: async (run, layer, parameter, signal) => {
      const which = parameter === null ? { run, layer } : { run, layer, parameter };
      return (await getJson("gradients/distributions", which, signal)) as Distributions;
    },
    scalars: async (signal) => (await getJson("scalars", {}, signal)) as ScalarIndex,
    series: async (run, tag, signal) =>
      (await getJson("scalars/series", { run, tag }, signal)) as ScalarSeries,
    findings: async (run, thresholds, signal) => {
      const query = Object.keys(thresholds).length > 0 ? { thresholds: JSON.stringify(thresholds) } : {};
      return (await getJson("findings", { run, ...query }, signal)) as Findings;
    },
    startProjections: async (body, signal) => toProjections(await post("projections", body, signal)),
    projections: async (ids, signal) =>
      toProjections(await getJson("projections", { ids: ids.join(",") }, signal)),
    cancel: async (ids, signal) => toProjections(await post("cancel", { ids }, signal)),
    positions: async ({ ids, step, revisions }, signal) => {
      const query = { ids: ids.join(","), step, v: revisions.join(",") };
      return toPositions(ids, await getFrame("positions", query, signal));
    },
    preservation: async ({ ids, step, revisions }, signal) => {
      const query = { ids: ids.join(","), step, v: revisions.join(",") };
      return toPreservation(ids, step, await getFrame("preservation", query, signal));
    },
    playground: async (signal) => (await getJson("playground", {}, signal)) as PlaygroundForm,
    trainings: async (signal) => toTrainings(await getJson("trainings", {}, signal)),
    startTraining: async (parameters, signal) =>
      ((await post("trainings", { parameters }, signal)) as { training: Training }).training,
    stopTraining: async (id, signal) => toTrainings(await post("trainings/stop", { id }, signal)),
  };
}

function toSamples(frame: Frame): Samples {
  const { ids, descriptions, metadata } = frame.attributes;
  const labels = frame.arrays.get("labels")?.data;
  const targets = frame.arrays.get("targets")?.data;
  return {
    ids: Array.isArray(ids) ? ids : [],
    descriptions: Array.isArray(descriptions) ? descriptions : [],
    metadata: (metadata ?? {}) as Samples["metadata"],
    labels: labels instanceof Int32Array ? labels : null,
    targets: targets instanceof Float32Array ? targets : null,
  };
}

function toOutcomes(step: number, frame: Frame): Outcomes {
  const predicted = frame.arrays.get("predicted")?.data;
  const confidence = frame.arrays.get("confidence")?.data;
  const loss = frame.arrays.get("loss")?.data;
  if (!(predicted instanceof Int32Array || predicted instanceof Float32Array)) {
    throw new ApiError("broken", `The outcomes of step ${step} have no predictions.`);
  }
  return {
    step,
    predicted,
    confidence: confidence instanceof Float32Array ? confidence : null,
    loss: loss instanceof Float32Array ? loss : null,
  };
}

function toProjections(json: unknown): Projection[] {
  const list = (json as { projections?: unknown } | null)?.projections;
  if (!Array.isArray(list)) throw new ApiError("broken", "The server's answer lists no projections.");
  return list as Projection[];
}

function toTrainings(json: unknown): Training[] {
  const list = (json as { trainings?: unknown } | null)?.trainings;
  if (!Array.isArray(list)) throw new ApiError("broken", "The server's answer lists no trainings.");
  return list as Training[];
}

function toNeighbors(json: unknown): Neighbors {
  const { rows, distances } = (json ?? {}) as Partial<Neighbors>;
  if (Array.isArray(rows) && Array.isArray(distances)) return { rows, distances };
  throw new ApiError("broken", "The server's answer lists no neighbours.");
}

function toPositions(ids: string[], frame: Frame): Positions[] {
  const extents = (frame.attributes.extents ?? {}) as Record<string, Extent>;
  const revisions = (frame.attributes.revisions ?? {}) as Record<string, number>;
  return ids.flatMap((id) => {
    const xy = frame.arrays.get(id)?.data;
    if (!(xy instanceof Uint16Array) || !extents[id]) return [];
    return [{ id, revision: revisions[id] ?? 0, extent: extents[id], xy }];
  });
}

function toPreservation(ids: string[], step: number, frame: Frame): Preservation[] {
  const revisions = (frame.attributes.revisions ?? {}) as Record<string, number>;
  return ids.flatMap((id) => {
    const shares = frame.arrays.get(id)?.data;
    return shares instanceof Uint8Array ? [{ id, step, revision: revisions[id] ?? 0, shares }] : [];
  });
}

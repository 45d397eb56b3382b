import { ApiError, asApiError } from "./errors";
import { type Frame, parseFrame } from "./frame";
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
  startProjections(request: ProjectionRequest, signal?: AbortSignal): Promise<Projection[]>;
  projections(ids: string[], signal?: AbortSignal): Promise<Projection[]>;
  cancel(ids: string[], signal?: AbortSignal): Promise<Projection[]>;
  positions(wanted: WantedPositions, signal?: AbortSignal): Promise<Positions[]>;
  preservation(wanted: WantedPositions, signal?: AbortSignal): Promise<Preservation[]>;
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

type Query = Record<string, string | number>;

/** The requests of docs/http_api.md against the data URL `base` (it ends with a slash). */
export function createApi(base: string): Api {
  const url = (path: string, query: Query = {}) => {
    const search = new URLSearchParams(Object.entries(query).map(([key, value]) => [key, String(value)]));
    const text = search.toString();
    return new URL(text ? `${path}?${text}` : path, base).href;
  };
  const getJson = async (path: string, query: Query, signal?: AbortSignal) =>
    readJson(await request(url(path, query), init(signal)));
  const getFrame = async (path: string, query: Query, signal?: AbortSignal) =>
    readFrame(await request(url(path, query), init(signal)));
  const post = async (path: string, body: unknown, signal?: AbortSignal) => {
    const headers = { "Content-Type": "application/json" };
    const options = { method: "POST", headers, body: JSON.stringify(body), ...init(signal) };
    return readJson(await request(url(path), options));
  };
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
  };
}

function init(signal: AbortSignal | undefined): RequestInit {
  return signal ? { signal } : {};
}

async function request(url: string, options: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { credentials: "same-origin", ...options });
  } catch (error) {
    if (options.signal?.aborted) throw new ApiError("aborted", "The request was cancelled.");
    throw new ApiError("offline", `TensorBoard does not answer (${asApiError(error).message}).`);
  }
  if (response.ok) return response;
  const kind = response.status >= 400 && response.status < 500 ? "refused" : "broken";
  throw new ApiError(kind, await errorSentence(response), response.status);
}

async function errorSentence(response: Response): Promise<string> {
  const text = await response.text().catch(() => "");
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    if (typeof error === "string" && error) return error;
  } catch {
    // Not ours: TensorBoard answers unknown addresses in HTML. The status is all there is to say.
  }
  return `The server answered ${response.status} ${response.statusText}.`.replace(" .", ".");
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch (error) {
    throw bodyError(error, "The server's answer is not JSON.");
  }
}

async function readFrame(response: Response): Promise<Frame> {
  let buffer: ArrayBuffer;
  try {
    buffer = await response.arrayBuffer();
  } catch (error) {
    throw bodyError(error, "The server's answer was cut off.");
  }
  return parseFrame(buffer);
}

function bodyError(error: unknown, sentence: string): ApiError {
  const aborted = error instanceof DOMException && error.name === "AbortError";
  return aborted ? new ApiError("aborted", "The request was cancelled.") : new ApiError("broken", sentence);
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

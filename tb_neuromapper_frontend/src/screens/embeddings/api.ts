import { type Api, createApi } from "../../api/client";
import { ApiError } from "../../api/errors";
import type { Frame } from "../../api/frame";
import type { Transport } from "../../api/transport";
import type {
  Accuracy,
  Extent,
  Neighbors,
  Parameters,
  Positions,
  Preservation,
  Projection,
  Subclusters,
} from "./types";

export interface EmbeddingsApi extends Api {
  neighbors(wanted: WantedNeighbors, signal?: AbortSignal): Promise<Neighbors>;
  accuracy(name: string, signal?: AbortSignal): Promise<Accuracy>;
  subclusters(id: string, step: number, signal?: AbortSignal): Promise<Subclusters>;
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

/** The shared requests, and those of this screen. */
export function createEmbeddingsApi(transport: Transport): EmbeddingsApi {
  const { json, frame, post } = transport;
  return {
    ...createApi(transport),
    neighbors: async (wanted, signal) => toNeighbors(await json("neighbors", { ...wanted }, signal)),
    accuracy: async (name, signal) => (await json("accuracy", { run: name }, signal)) as Accuracy,
    subclusters: async (id, step, signal) => (await json("subclusters", { id, step }, signal)) as Subclusters,
    startProjections: async (body, signal) => toProjections(await post("projections", body, signal)),
    projections: async (ids, signal) =>
      toProjections(await json("projections", { ids: ids.join(",") }, signal)),
    cancel: async (ids, signal) => toProjections(await post("cancel", { ids }, signal)),
    positions: async (wanted, signal) =>
      toPositions(wanted.ids, await frame("positions", stepQuery(wanted), signal)),
    preservation: async (wanted, signal) =>
      toPreservation(wanted, await frame("preservation", stepQuery(wanted), signal)),
  };
}

function stepQuery({ ids, step, revisions }: WantedPositions) {
  return { ids: ids.join(","), step, v: revisions.join(",") };
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

function toPreservation({ ids, step }: WantedPositions, frame: Frame): Preservation[] {
  const revisions = (frame.attributes.revisions ?? {}) as Record<string, number>;
  return ids.flatMap((id) => {
    const shares = frame.arrays.get(id)?.data;
    return shares instanceof Uint8Array ? [{ id, step, revision: revisions[id] ?? 0, shares }] : [];
  });
}

import { createDataFiles, type DataFiles } from "./data_files";
import { ApiError } from "./errors";
import { type Frame, type FrameArray, parseFrame } from "./frame";
import type { Query, Transport } from "./transport";
import type { Run, Runs } from "./types";

/** What `tb-neuromapper export` wrote into data/site.js (docs/export.md). */
export interface ExportedSite {
  /** Differs between any two exports; behind the files' addresses it keeps browsers from mixing them up. */
  digest: string;
  runs: Runs;
  folders: ExportedFolder[];
  /** Why a file that belongs here is not there, by its name. */
  missing: Record<string, string>;
}

/** The files of one run, or of two runs in one space. */
interface ExportedFolder {
  folder: string;
  /** One name, or two. */
  runs: string[];
  /** As the server would describe them. */
  projections: { id: string; block: string }[];
  /** Of one run. */
  details?: Run;
  accuracy?: unknown;
  /** Of two runs: by projection and step. */
  subclusters?: Record<string, Record<string, unknown>>;
}

declare global {
  interface Window {
    /** Only an exported page has this. */
    neuromapperSite?: ExportedSite;
  }
}

const NOT_HERE =
  "This exported page does not hold that; TensorBoard shows it: tensorboard --logdir, tab NeuroMapper.";

/** Answers out of the files beside an exported page, without any server. */
export function exportedTransport(
  site: ExportedSite,
  files: DataFiles = createDataFiles(site.digest),
): Transport {
  const read = async (name: string, signal?: AbortSignal) => {
    if (Object.hasOwn(site.missing, name)) throw new ApiError("refused", site.missing[name]);
    const frame = parseFrame(await files.read(name));
    if (signal?.aborted) throw new ApiError("aborted", "The request was cancelled.");
    return frame;
  };
  const ofRun = (name: unknown) => folderOf(site, [String(name)]);
  const ofIds = (ids: unknown) => folderWithId(site, String(ids).split(",")[0]);
  const json: Record<string, (query: Query, signal?: AbortSignal) => unknown> = {
    runs: () => site.runs,
    run: ({ run }) => ofRun(run).details,
    accuracy: ({ run }) => ofRun(run).accuracy,
    projections: ({ ids }) => manifestsOf(site, String(ids).split(",")),
    subclusters: ({ id, step }) => ofIds(id).subclusters?.[id]?.[step],
    neighbors: async (query, signal) => {
      const { folder, details } = ofRun(query.run);
      const block = details?.blocks.findIndex(({ name }) => name === query.block);
      return neighborsIn(await read(`${folder}/neighbors-${block}-${query.step}`, signal), query);
    },
  };
  const frames: Record<string, (query: Query) => string> = {
    samples: ({ run }) => `${ofRun(run).folder}/samples`,
    outcomes: ({ run, step }) => `${ofRun(run).folder}/outcomes-${step}`,
    positions: ({ ids, step }) => `${ofIds(ids).folder}/positions-${step}`,
    preservation: ({ ids, step }) => `${ofIds(ids).folder}/preservation-${step}`,
  };
  return {
    url: (_, { run, sheet }) => {
      const name = `${ofRun(run).folder}/thumbnails-${sheet}.png`;
      return Object.hasOwn(site.missing, name) ? "data:," : files.url(name);
    },
    json: async (path, query, signal) => here(await json[path]?.(query, signal)),
    frame: async (path, query, signal) => read(here(frames[path]?.(query)), signal),
    post: async (path, body) => {
      const { run, runs, blocks, ids } = body as Record<string, string[] | undefined>;
      if (path === "cancel") return manifestsOf(site, ids ?? []);
      const { projections } = folderOf(site, runs ?? [String(run)]);
      return { projections: projections.filter(({ block }) => blocks?.includes(block) ?? true) };
    },
  };
}

function here<T>(answer: T | undefined): T {
  if (answer === undefined) throw new ApiError("refused", NOT_HERE);
  return answer;
}

function folderOf(site: ExportedSite, runs: readonly string[]): ExportedFolder {
  return here(site.folders.find((each) => JSON.stringify(each.runs) === JSON.stringify(runs)));
}

function folderWithId(site: ExportedSite, wanted: string): ExportedFolder {
  return here(site.folders.find(({ projections }) => projections.some(({ id }) => id === wanted)));
}

function manifestsOf(site: ExportedSite, ids: readonly string[]): { projections: { id: string }[] } {
  return {
    projections: site.folders.flatMap((each) => each.projections).filter(({ id }) => ids.includes(id)),
  };
}

/** One row of a table: the row's own number stands for no neighbour, distances are shares of the largest. */
function neighborsIn(frame: Frame, { row, k }: Query): { rows: number[]; distances: number[] } {
  const { rows, distances } = Object.fromEntries(frame.arrays);
  const largest = frame.attributes.largest_distance;
  if (!rows || !distances || typeof largest !== "number") {
    throw new ApiError("broken", "A table of nearest samples is damaged; copy the exported folder again.");
  }
  const width = rows.shape[1];
  const part = (data: FrameArray) =>
    [...data.subarray(Number(row) * width, (Number(row) + 1) * width)].slice(0, Number(k));
  const found = part(rows.data);
  const shares = part(distances.data);
  const known = found.map((_, place) => place).filter((place) => found[place] !== row);
  return {
    rows: known.map((place) => found[place]),
    distances: known.map((place) => (shares[place] / 65535) * largest),
  };
}

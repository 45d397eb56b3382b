import { describe, expect, it } from "vitest";
import type { DataFiles } from "../../src/api/data_files";
import { type ExportedSite, exportedTransport } from "../../src/api/exported";
import type { Run } from "../../src/api/types";
import { createEmbeddingsApi } from "../../src/screens/embeddings/api";

/** A frame as docs/http_api.md has it. */
function frame(arrays: Record<string, { data: Uint16Array; shape: number[] }>, attributes = {}): ArrayBuffer {
  let offset = 0;
  const listed = Object.entries(arrays).map(([name, { data, shape }]) => {
    const entry = { name, dtype: "uint16", shape, offset };
    offset += Math.ceil(data.byteLength / 8) * 8;
    return entry;
  });
  const text = JSON.stringify({ arrays: listed, ...attributes });
  const header = new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 8) * 8));
  const bytes = new Uint8Array(8 + header.length + offset);
  bytes.set(new TextEncoder().encode("NMF1"));
  new DataView(bytes.buffer).setUint32(4, header.length, true);
  bytes.set(header, 8);
  Object.values(arrays).forEach(({ data }, place) => {
    bytes.set(new Uint8Array(data.buffer), 8 + header.length + listed[place].offset);
  });
  return bytes.buffer;
}

const FILES: Record<string, ArrayBuffer> = {
  "run0/positions-3": frame(
    { p0: { data: Uint16Array.of(1, 2), shape: [1, 2] }, p1: { data: Uint16Array.of(3, 4), shape: [1, 2] } },
    { extents: { p0: [0, 0, 1, 1], p1: [0, 0, 2, 2] } },
  ),
  "run0/neighbors-1-3": frame(
    {
      rows: { data: Uint16Array.of(1, 2, 1, 0), shape: [2, 2] },
      distances: { data: Uint16Array.of(13107, 65535, 0, 65535), shape: [2, 2] },
    },
    { largest_distance: 5 },
  ),
};

const files: DataFiles = { read: async (name) => FILES[name], url: (name) => `data/${name}` };

function projection(id: string, block: string) {
  const fixed = { run: "one", parameters: {}, state: "done" as const, progress: 1, message: "" };
  return { ...fixed, id, block, steps: [3], revisions: [0], extent: null, quality: [] };
}

const SITE: ExportedSite = {
  digest: "d",
  runs: { log_dir: "runs", version: "0", runs: [], other_runs: [], exported: { pairs: [], n_neighbors: 2 } },
  folders: [
    {
      folder: "run0",
      runs: ["one"],
      projections: [projection("p0", "a"), projection("p1", "b")],
      details: { blocks: [{ name: "a" }, { name: "b" }] } as Run,
    },
  ],
  missing: { "run0/outcomes-3": "the file is damaged.", "run0/thumbnails-1.png": "it is damaged." },
};
const api = createEmbeddingsApi(exportedTransport(SITE, files));

describe("the recorded answers of an exported page", () => {
  it("hold the projections, whatever parameters are asked for", async () => {
    const asked = await api.startProjections({ run: "one", blocks: ["b"], parameters: { n_neighbors: 99 } });
    expect(asked.map(({ id }) => id)).toEqual(["p1"]);
    expect((await api.projections(["p0", "x"])).map(({ id }) => id)).toEqual(["p0"]);
  });

  it("hold the positions of the blocks that are asked for", async () => {
    const [found] = await api.positions({ step: 3, ids: ["p1"], revisions: [0] });
    expect(found).toEqual({ id: "p1", revision: 0, extent: [0, 0, 2, 2], xy: Uint16Array.of(3, 4) });
  });

  it("hold a table of neighbours, in which a row's own number stands for none", async () => {
    const wanted = { run: "one", block: "b", step: 3, k: 10, metric: "euclidean" };
    expect(await api.neighbors({ ...wanted, row: 0 })).toEqual({ rows: [1, 2], distances: [1, 5] });
    expect(await api.neighbors({ ...wanted, row: 1 })).toEqual({ rows: [0], distances: [5] });
    expect((await api.neighbors({ ...wanted, row: 0, k: 1 })).rows).toEqual([1]);
  });

  it("say in words what is not there", async () => {
    await expect(api.outcomes("one", 3)).rejects.toThrow("the file is damaged.");
    await expect(api.accuracy("one")).rejects.toThrow("does not hold that");
    await expect(api.run("two")).rejects.toThrow("does not hold that");
    await expect(api.subclusters("p0", 3)).rejects.toThrow("does not hold that");
  });

  it("have pictures at relative addresses, and none where one is missing", () => {
    expect(api.thumbnailsUrl("one", 0, "v")).toBe("data/run0/thumbnails-0.png");
    expect(api.thumbnailsUrl("one", 1, "v")).toBe("data:,");
  });
});

import type { Frame } from "./frame";
import type { Transport } from "./transport";
import type { OutcomeColumn, Outcomes, Run, Runs, Samples } from "./types";

/** The requests of docs/http_api.md that all screens share. */
export interface Api {
  runs(signal?: AbortSignal): Promise<Runs>;
  run(name: string, signal?: AbortSignal): Promise<Run>;
  samples(name: string, signal?: AbortSignal): Promise<Samples>;
  outcomes(name: string, step: number, signal?: AbortSignal): Promise<Outcomes>;
  thumbnailsUrl(name: string, sheet: number, probeVersion: string): string;
}

export function createApi({ url, json, frame }: Transport): Api {
  return {
    runs: async (signal) => (await json("runs", {}, signal)) as Runs,
    run: async (name, signal) => (await json("run", { run: name }, signal)) as Run,
    samples: async (name, signal) => toSamples(await frame("samples", { run: name }, signal)),
    outcomes: async (name, step, signal) =>
      toOutcomes(step, await frame("outcomes", { run: name, step }, signal)),
    thumbnailsUrl: (name, sheet, probeVersion) => url("thumbnails", { run: name, sheet, v: probeVersion }),
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
  const texts = (frame.attributes.texts ?? {}) as Record<string, string[]>;
  const columns: Record<string, OutcomeColumn> = {};
  for (const [name, { data }] of frame.arrays)
    if (data instanceof Int32Array || data instanceof Float32Array)
      columns[name] = { values: data, texts: Object.hasOwn(texts, name) ? texts[name] : null };
  const { predicted, confidence, loss, ...others } = columns;
  const numbers = (column: OutcomeColumn | undefined) =>
    column?.values instanceof Float32Array ? column.values : null;
  return {
    step,
    predicted: predicted?.values ?? null,
    confidence: numbers(confidence),
    loss: numbers(loss),
    others,
  };
}

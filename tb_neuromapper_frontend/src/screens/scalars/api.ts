import type { Transport } from "../../api/transport";
import type { ScalarIndex, ScalarSeries } from "./types";

export interface ScalarsApi {
  scalars(signal?: AbortSignal): Promise<ScalarIndex>;
  series(run: string, tag: string, signal?: AbortSignal): Promise<ScalarSeries>;
}

export function createScalarsApi({ json }: Transport): ScalarsApi {
  return {
    scalars: async (signal) => (await json("scalars", {}, signal)) as ScalarIndex,
    series: async (run, tag, signal) => (await json("scalars/series", { run, tag }, signal)) as ScalarSeries,
  };
}

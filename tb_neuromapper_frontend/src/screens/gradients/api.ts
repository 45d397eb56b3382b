import type { Transport } from "../../api/transport";
import { toFlow, toOverview } from "./frames";
import type { Distributions, FlowFrame, GradientsSummary, OverviewPart, UnitHistory } from "./types";

export interface GradientsApi {
  gradients(name: string, signal?: AbortSignal): Promise<GradientsSummary>;
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
}

export function createGradientsApi({ json, frame }: Transport): GradientsApi {
  return {
    gradients: async (run, signal) => (await json("gradients", { run }, signal)) as GradientsSummary,
    flow: async (run, step, v, signal) => toFlow(await frame("gradients/flow", { run, step, v }, signal)),
    overview: async (run, after, signal) =>
      toOverview(await frame("gradients/overview", after === null ? { run } : { run, after }, signal)),
    unitHistory: async (run, layer, unit, signal) =>
      (await json("gradients/unit", { run, layer, unit }, signal)) as UnitHistory,
    distributions: async (run, layer, parameter, signal) => {
      const which = parameter === null ? { run, layer } : { run, layer, parameter };
      return (await json("gradients/distributions", which, signal)) as Distributions;
    },
  };
}

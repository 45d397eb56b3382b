import type { Transport } from "../api/transport";
import type { FindingsReport } from "./types";

export interface FindingsApi {
  findings(
    run: string,
    thresholds: Readonly<Record<string, number>>,
    signal?: AbortSignal,
  ): Promise<FindingsReport>;
}

export function createFindingsApi({ json }: Transport): FindingsApi {
  return {
    findings: async (run, thresholds, signal) => {
      const query = Object.keys(thresholds).length > 0 ? { thresholds: JSON.stringify(thresholds) } : {};
      return (await json("findings", { run, ...query }, signal)) as FindingsReport;
    },
  };
}

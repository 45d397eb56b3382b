/** Which of the page's counters a scalar's steps are; null: a counter of its own. */
export type ScalarAxis = "train_step" | "epoch";

export interface ScalarInfo {
  last_step: number;
  last_wall_time: number;
  axis: ScalarAxis | null;
}

/** By run, then by tag. */
export interface ScalarIndex {
  runs: Record<string, Record<string, ScalarInfo>>;
}

export interface ScalarSeries {
  run: string;
  tag: string;
  steps: number[];
  /** Null where the value is not finite. */
  values: (number | null)[];
  /** By place in `values`: what it is instead, in words. */
  non_finite: Record<string, string>;
  wall_times: number[];
  /** Why not every logged value is there, in words. */
  sampled: string | null;
}

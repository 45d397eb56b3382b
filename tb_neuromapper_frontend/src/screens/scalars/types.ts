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

/** Where a finding is seen. */
export interface FindingLink {
  screen: "gradients" | "scalars";
  tag: string | null;
  layer: string | null;
  unit: number | null;
  train_step: number | null;
}

export interface Finding {
  kind: string;
  /** A layer, a block or a tag; "" is the network as a whole. */
  where: string;
  units: number[];
  /** First and last training step of each stretch. */
  steps: [number, number][];
  message: string;
  evidence: Record<string, unknown>;
  link: FindingLink;
}

export interface Rule {
  kind: string;
  title: string;
  source: string;
  thresholds: string[];
}

export interface Threshold {
  name: string;
  title: string;
  value: number;
  default: number;
  low: number;
  high: number;
  unit: string;
}

export interface Findings {
  run: string;
  findings: Finding[];
  rules: Rule[];
  thresholds: Threshold[];
  /** Kinds of rules that found nothing, and of those for which the log holds nothing. */
  healthy: string[];
  unchecked: string[];
}

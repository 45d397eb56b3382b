/** The JSON of docs/http_api.md, "Findings". */

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

/** What the rules say of a run. */
export interface FindingsReport {
  run: string;
  findings: Finding[];
  rules: Rule[];
  thresholds: Threshold[];
  /** Kinds of rules that found nothing, and of those for which the log holds nothing. */
  healthy: string[];
  unchecked: string[];
}

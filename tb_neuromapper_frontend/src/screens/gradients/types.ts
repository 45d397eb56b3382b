/** The JSON and frames of docs/http_api.md, "Gradients". */

export interface FlowLayer {
  name: string;
  kind: string;
  type: string;
  /** What a unit is: neuron, channel, head or feature. */
  unit: string;
  activation: string | null;
  n_units: number;
  /** 0: it has no connections. */
  n_inputs: number;
  inputs_per_source: number;
  /** Names of the layers that feed it; "" is the network's input. */
  sources: string[];
  frozen: boolean;
  shares: string | null;
  calls: number;
  n_edges: number;
  n_connections: number;
  /** Units that are unknown because they had NaN or infinite values; in a step's own table only. */
  n_nonfinite_activation?: number;
  n_nonfinite_gradient?: number;
}

/** Lower and upper end of a logarithmic scale. */
export type Ends = [number, number];

export interface FlowScales {
  unit: Ends | null;
  edge: Ends | null;
  activation: Ends | null;
  weight: Ends | null;
}

/** What is recorded of a run. */
export interface GradientsSummary {
  run: string;
  steps: number[];
  epochs: (number | null)[];
  versions: string[];
  layers: FlowLayer[];
  scale: FlowScales;
  problems: string[];
}

/** All units and connections at one training step, layer after layer. */
export interface FlowFrame {
  step: number;
  epoch: number | null;
  version: string;
  layers: FlowLayer[];
  /** What was amiss at this step, in words. */
  problems: string[];
  unitActivation: Float32Array;
  unitZeros: Float32Array;
  unitSaturated: Float32Array;
  unitGradient: Float32Array;
  unitSigned: Float32Array;
  /** Pairs: input unit, unit. */
  edges: Int32Array;
  edgeGradient: Float32Array;
  edgeWeight: Float32Array;
}

export const MEASURES = ["gradient_norm", "update_ratio", "dead", "activation"] as const;
export type Measure = (typeof MEASURES)[number];

/** Some columns of the overview; values are (layers, steps), NaN = unknown. */
export interface OverviewPart {
  steps: number[];
  stride: number;
  layers: string[];
  complete: boolean;
  values: Record<Measure, Float32Array>;
}

export interface UnitHistory {
  run: string;
  layer: string;
  unit: number;
  steps: number[];
  activation: (number | null)[];
  zeros: (number | null)[];
  gradient: (number | null)[];
  signed: (number | null)[];
}

export const QUANTILES = ["min", "q1", "median", "q3", "max"] as const;
export type Quantiles = Record<(typeof QUANTILES)[number], (number | null)[]>;

export interface Distributions {
  run: string;
  layer: string;
  parameter: string;
  parameters: string[];
  steps: number[];
  weight: Quantiles;
  gradient: Quantiles;
}

/** The JSON and frames of docs/http_api.md that this screen alone asks for. */

/** The samples nearest to one in a block's activations, nearest first. */
export interface Neighbors {
  rows: number[];
  distances: number[];
}

/** Pairs of step and accuracy. */
export interface Accuracy {
  run: string;
  probe: [number, number][];
  train: [number, number][];
  train_tag: string | null;
}

/** Into how many clusters a projection takes each class apart at a step; null: too few samples. */
export interface Subclusters {
  id: string;
  step: number;
  per_class: number | null;
}

export interface Parameters {
  n_neighbors?: number;
  min_dist?: number;
  alignment?: number;
  window?: number;
  metric?: string;
  engine?: string;
  seed?: number;
}

/** [x_min, y_min, x_max, y_max] of a projection, one for all its steps. */
export type Extent = [number, number, number, number];

export interface Quality {
  step: number;
  trustworthiness: number | null;
  preservation: number | null;
  continuity: number | null;
  movement: number | null;
  /** How alike the activations and those of the step before are, 0..1. */
  cka: number | null;
  /** The activations changed far more than they usually do. */
  abrupt: boolean;
}

/** For each sample the share of its nearest neighbours that the picture shows near it: 0..254, 255 = not known. */
export interface Preservation {
  id: string;
  step: number;
  revision: number;
  shares: Uint8Array;
}

export type JobState = "queued" | "running" | "done" | "failed" | "cancelled";

export interface Projection {
  id: string;
  run: string;
  block: string;
  parameters: Parameters;
  state: JobState;
  progress: number;
  message: string;
  steps: number[];
  revisions: number[];
  /** Null as long as there are no positions. */
  extent: Extent | null;
  quality: Quality[];
  /** Of two runs in one space: both, how many samples each has, and how many they share. */
  runs?: [string, string];
  n_samples?: [number, number];
  n_common?: number;
}

/** Positions of all samples at one step for one projection; 65535,65535 = no position. */
export interface Positions {
  id: string;
  revision: number;
  extent: Extent;
  xy: Uint16Array;
}

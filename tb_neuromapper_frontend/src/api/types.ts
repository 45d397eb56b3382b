/** The JSON of docs/http_api.md, field for field. */

export interface RunSummary {
  name: string;
  n_samples: number;
  blocks: string[];
  steps: number[];
  problems: string[];
  /** Of the gradient records how many there are and something that changes with them; null without any. */
  gradients?: { n_steps: number; version: string } | null;
}

export interface Runs {
  /** Whether trainings may be started from the page. */
  playground?: boolean;
  log_dir: string;
  version: string;
  runs: RunSummary[];
  other_runs: string[];
  /** Only an exported page has this; it has no server to ask for more. */
  exported?: Exported;
}

/** What an exported page holds beside its runs. */
export interface Exported {
  /** The runs that can be shown side by side. */
  pairs: [string, string][];
  /** How many nearest samples each sample has; 0: none. */
  n_neighbors: number;
}

export interface BlockInfo {
  name: string;
  n_dims: number;
  n_features: number;
  reduction: string;
}

export interface ThumbnailSheets {
  height: number;
  width: number;
  per_sheet: number;
  columns: number;
  n_sheets: number;
}

export interface Run {
  name: string;
  n_samples: number;
  sample_set: string | null;
  /** Differs between any two probe records; null without one. */
  probe_version: string | null;
  steps: number[];
  /** The training steps before each of `steps`; null where they were not counted. */
  train_steps?: (number | null)[];
  outcome_steps: number[];
  /** The columns of the outcomes; absent: those that runs had before columns were free. */
  outcome_columns?: string[];
  /** What the network's output was taken for, or why there are no outcomes; null: not said. */
  about_outcomes?: string | null;
  blocks: BlockInfo[];
  label_kind: "class" | "target" | null;
  class_names: string[] | null;
  metadata: string[];
  thumbnails: ThumbnailSheets | null;
  problems: string[];
}

export type SampleId = number | string;

export interface Samples {
  ids: SampleId[];
  descriptions: (string | null)[];
  metadata: Record<string, unknown[]>;
  labels: Int32Array | null;
  targets: Float32Array | null;
}

export interface Outcomes {
  step: number;
  /** Null: no single value stands for a sample. */
  predicted: Int32Array | Float32Array | null;
  confidence: Float32Array | null;
  loss: Float32Array | null;
  /** Any others by name, "accuracy" among them. */
  others: Record<string, OutcomeColumn>;
}

export interface OutcomeColumn {
  values: Float32Array | Int32Array;
  /** Of a column of texts, what its values count from 0, -1 = none; null: numbers. */
  texts: readonly string[] | null;
}

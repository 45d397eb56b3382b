/** The JSON of docs/http_api.md, "Playground". */

interface FieldBase {
  name: string;
  label: string;
  hint: string;
}

export type FormField =
  | (FieldBase & { kind: "integer" | "number"; default: number; low: number; high: number })
  | (FieldBase & { kind: "choice"; default: string; choices: { name: string; title: string }[] })
  | (FieldBase & { kind: "layers"; default: number[]; max_layers: number; max_units: number })
  | (FieldBase & { kind: "name"; default: string; max_length: number });

/** What can be trained here. */
export interface PlaygroundForm {
  /** Why nothing can, or "". */
  why_not: string;
  fields: FormField[];
  /** By name; `missing` says why a data set cannot be had, or is "". */
  data_sets: Record<string, { n_inputs: number; n_classes: number; missing: string }>;
  limits: { max_running: number; time_s: number; memory_bytes: number };
}

export type TrainingState = "starting" | "training" | "done" | "stopped" | "failed";

export interface Training {
  id: string;
  run: string;
  state: TrainingState;
  message: string;
  /** Of all steps, 0 to 1. */
  progress: number;
  epoch: number;
  n_epochs: number;
  parameters: Record<string, unknown>;
  /** The shell command that trains the same. */
  command: string;
}

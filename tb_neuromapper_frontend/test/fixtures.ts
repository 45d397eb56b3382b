import type { Run, Runs, Samples } from "../src/api/types";
import type { Finding, FindingsReport } from "../src/findings/types";
import type { Projection, Quality } from "../src/screens/embeddings/types";
import type { GradientsSummary } from "../src/screens/gradients/types";

/** A log directory with these runs, of four samples and the blocks a and b. */
export function runs(...names: string[]): Runs {
  const summaries = names.map((name) => ({
    name,
    n_samples: 4,
    blocks: ["a", "b"],
    steps: [],
    problems: [],
  }));
  return { log_dir: "runs", version: "0", runs: summaries, other_runs: [] };
}

export function run(name: string, changes: Partial<Run> = {}): Run {
  return {
    name,
    n_samples: 4,
    sample_set: "s",
    probe_version: "v",
    steps: [0, 5, 20],
    outcome_steps: [],
    blocks: ["a", "b"].map(block),
    label_kind: "class",
    class_names: ["x", "y", "z"],
    metadata: [],
    thumbnails: null,
    problems: [],
    ...changes,
  };
}

export function block(name: string): Run["blocks"][number] {
  return { name, n_dims: 2, n_features: 2, reduction: "none" };
}

/** Samples with one column of metadata. */
export function samplesWith(column: string): Samples {
  return { ids: [], descriptions: [], metadata: { [column]: [1] }, labels: null, targets: null };
}

/** A layout of a block of the run "one". */
export function projection(block: string, steps: number[], changes: Partial<Projection> = {}): Projection {
  return {
    id: `id-${block}`,
    run: "one",
    block,
    parameters: {},
    state: "done",
    progress: 1,
    message: "",
    steps,
    revisions: steps.map(() => 1),
    extent: [0, 0, 1, 1],
    quality: [],
    ...changes,
  };
}

export function quality(step: number, changes: Partial<Quality> = {}): Quality {
  return {
    step,
    trustworthiness: 0.9,
    preservation: 0.5,
    continuity: 1,
    movement: null,
    cka: null,
    abrupt: false,
    ...changes,
  };
}

/** Recorded training steps, an epoch every hundred. */
export function gradientsOf(steps: number[], run = "one"): GradientsSummary {
  return {
    run,
    steps,
    epochs: steps.map((step) => Math.floor(step / 100)),
    versions: steps.map(String),
    layers: [],
    scale: { unit: null, edge: null, activation: null, weight: null },
    problems: [],
  };
}

/** Dead units of a layer of the run "one". */
export function finding(changes: Partial<Finding> = {}): Finding {
  return {
    kind: "dead_units",
    where: "fc2",
    units: [3, 4],
    steps: [[10, 40]],
    message: "2 of the 8 neurons of fc2 are dead.",
    evidence: {},
    link: { screen: "gradients", tag: null, layer: "fc2", unit: 3, train_step: 40 },
    ...changes,
  };
}

export function reportOf(findings: Finding[], run = "one"): FindingsReport {
  return { run, findings, rules: [], thresholds: [], healthy: [], unchecked: [] };
}

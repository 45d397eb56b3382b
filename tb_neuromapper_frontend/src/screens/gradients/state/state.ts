import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Camera } from "../../../render/camera";
import { HOME } from "../../../render/camera";
import type { SessionState } from "../../../session/state";
import type {
  Distributions,
  FlowLayer,
  GradientsSummary,
  Measure,
  OverviewPart,
  UnitHistory,
} from "../types";

/** A unit of a layer; unit -1 stands for those of the layer that are not shown one by one. */
export interface UnitRef {
  layer: string;
  unit: number;
}

/** What is under the pointer in the neuron view, and where the pointer is in the window. */
export type FlowHover = { x: number; y: number } & (
  | { kind: "unit"; ref: UnitRef }
  | { kind: "edge"; from: UnitRef; to: UnitRef }
);

/** What units and connections show. */
export const SHOWN = ["gradient", "value"] as const;
export type Shown = (typeof SHOWN)[number];

/** Seconds that the gradient takes from the output to the input. */
export const PASS_SECONDS = [8, 4, 2, 1, 0.5] as const;
export const DEFAULT_PASS_S = 2;

/** How many connections into each layer are drawn, the strongest of the step; null: all. */
export const EDGE_LIMITS = [null, 1000, 200, 50, 0] as const;
export type EdgeLimit = (typeof EDGE_LIMITS)[number];
export const DEFAULT_EDGE_LIMIT = 200;

/** What the gradients screen knows and shows. */
export interface GradientsState {
  /** Of the run on view; null as long as it is not known. */
  summary: Signal<GradientsSummary | null>;
  overview: Signal<OverviewPart | null>;
  measure: Signal<Measure>;
  /** Modules that are one row of the overview. */
  folded: Signal<ReadonlySet<string>>;
  /** Layers all of whose units are shown. */
  unfolded: Signal<ReadonlySet<string>>;
  /** The layer that the side is about. */
  layer: Signal<string | null>;
  pinned: Signal<UnitRef | null>;
  hover: Signal<FlowHover | null>;
  /** Units that a finding is about. */
  marked: Signal<readonly UnitRef[]>;
  /** Grows when the neuron view is to come into view. */
  nCalls: Signal<number>;
  history: Signal<UnitHistory | null>;
  /** The parameter of `layer` whose distributions are shown; null: the largest. */
  parameter: Signal<string | null>;
  distributions: Signal<Distributions | null>;
  shown: Signal<Shown>;
  edgeLimit: Signal<EdgeLimit>;
  passS: Signal<number>;
  camera: Signal<Camera>;
  /** Grows when a step's frame arrives. */
  nFrames: Signal<number>;
  /** The step by which the shown units were chosen, or null. */
  rankedAt: Signal<number | null>;
  /** Grows when the gradient is to travel again through the step on view. */
  nReplays: Signal<number>;
  /** The neuron view shows the recorded step at the cursor and nothing moves. */
  settled: ReadonlySignal<boolean>;
  /** Where the last frame found the neuron view at rest; null while it moves. */
  resting: Signal<number | null>;
  layers: ReadonlySignal<readonly FlowLayer[]>;
}

/** Of a run without gradient records. */
export function noGradients(run: string): GradientsSummary {
  const scale = { unit: null, edge: null, activation: null, weight: null };
  return { run, steps: [], epochs: [], versions: [], layers: [], scale, problems: [] };
}

export function createGradientsState({ recordedStep }: SessionState): GradientsState {
  const summary = signal<GradientsSummary | null>(null);
  const resting = signal<number | null>(null);
  return {
    summary,
    overview: signal<OverviewPart | null>(null),
    measure: signal<Measure>("gradient_norm"),
    folded: signal<ReadonlySet<string>>(new Set()),
    unfolded: signal<ReadonlySet<string>>(new Set()),
    layer: signal<string | null>(null),
    pinned: signal<UnitRef | null>(null),
    hover: signal<FlowHover | null>(null),
    marked: signal<readonly UnitRef[]>([]),
    nCalls: signal(0),
    history: signal<UnitHistory | null>(null),
    parameter: signal<string | null>(null),
    distributions: signal<Distributions | null>(null),
    shown: signal<Shown>("gradient"),
    edgeLimit: signal<EdgeLimit>(DEFAULT_EDGE_LIMIT),
    passS: signal(DEFAULT_PASS_S),
    camera: signal<Camera>(HOME),
    nFrames: signal(0),
    rankedAt: signal<number | null>(null),
    nReplays: signal(0),
    settled: computed(() => resting.value !== null && resting.value === recordedStep.value),
    resting,
    layers: computed(() => summary.value?.layers ?? []),
  };
}

export function sameUnit(a: UnitRef | null, b: UnitRef | null): boolean {
  return a?.layer === b?.layer && a?.unit === b?.unit;
}

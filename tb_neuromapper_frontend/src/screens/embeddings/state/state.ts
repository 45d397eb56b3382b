import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Outcomes, Run } from "../../../api/types";
import type { Camera } from "../../../render/camera";
import type { SessionState } from "../../../session/state";
import { unionOfSteps } from "../../../session/steps";
import type { Accuracy, Neighbors, Parameters, Preservation, Projection, Subclusters } from "../types";
import { type Appearance, DEFAULT_APPEARANCE } from "./appearance";
import type { ColorBy } from "./color_by";
import type { Figures, LayoutSettings } from "./parameters";
import { blockOf, type DisplayedRuns, viewsOf } from "./run_pair";
import { ALL_SAMPLES, type Sampling } from "./sampling";
import type { Tool } from "./tool";

/** The sample under the pointer, and where the pointer is in the window, in pixels. */
export interface Hover {
  row: number;
  block: string;
  x: number;
  y: number;
}

/** The run beside the first. */
export interface ComparedRun {
  run: Run;
  /** For each row of the first run the row of the same sample here, -1 without. */
  rows: Int32Array;
}

/** The nearest samples of one sample in the activations, for each block that has a view. */
export interface NearestSamples {
  run: string;
  row: number;
  step: number;
  blocks: readonly NearestInBlock[];
}

/** In one block; an error says why there are none. */
export interface NearestInBlock {
  block: string;
  metric: string;
  found: Neighbors | null;
  error: string;
}

/** A setting of the layout that has been computed, with its figures. */
export interface Tried extends Figures {
  block: string;
  parameters: Parameters;
}

/** Of one view: into how many clusters each run's layout of it takes a class apart, by run; or why not. */
export interface PairSubclusters {
  block: string;
  byRun: Readonly<Record<string, Subclusters>>;
  problem: string;
}

/** What the embeddings screen knows and shows. */
export interface EmbeddingsState {
  /** False where the browser cannot draw: there is no WebGL2. */
  canDraw: Signal<boolean>;
  /** The run that is shown beside the first, in the same space. */
  comparedName: Signal<string | null>;
  names: ReadonlySignal<DisplayedRuns>;
  /** What is known of the run beside; null: nothing yet, or there is none. */
  comparedRun: Signal<ComparedRun | null>;
  /** Of the last view of two runs. */
  subclusters: Signal<PairSubclusters | null>;
  /** By run, of the two that are side by side. */
  accuracies: Signal<Readonly<Record<string, Accuracy>>>;
  projections: Signal<Projection[]>;
  /** Of the layouts: what is asked for, what was before it, and what has been seen of each. */
  settings: Signal<LayoutSettings>;
  previousSettings: Signal<LayoutSettings | null>;
  tried: Signal<readonly Tried[]>;
  /** Grows when a cancelled or failed layout is asked for again. */
  nRequests: Signal<number>;
  /** By block: a layout with new parameters, as long as it has no positions; the old one stays on the screen. */
  successors: Signal<Readonly<Record<string, Projection>>>;
  sampling: Signal<Sampling>;
  /** Of the current epoch, or of the last one that they were fetched for. */
  outcomes: Signal<Outcomes | null>;
  /** The same of the run beside, in the first run's rows. */
  comparedOutcomes: Signal<Outcomes | null>;
  hover: Signal<Hover | null>;
  /** What dragging does in a plot. */
  tool: Signal<Tool>;
  /** Of the pinned sample. */
  nearest: Signal<NearestSamples | null>;
  colorBy: Signal<ColorBy>;
  appearance: Signal<Appearance>;
  /** The block whose view the pointer or the focus is in. */
  pointed: Signal<string | null>;
  /** Samples fade whose neighbourhood the layout misrepresents; by projection what is known of it. */
  fading: Signal<boolean>;
  preservation: Signal<Readonly<Record<string, Preservation>>>;
  /** Which blocks have a view, in which order; null: all, in the network's order. */
  chosenBlocks: Signal<readonly string[] | null>;
  /** The block whose view takes all the room. */
  enlarged: Signal<string | null>;
  cameras: Signal<Readonly<Record<string, Camera>>>;
  /** One camera for all views. */
  linked: Signal<boolean>;
  /** Grows when positions arrive. */
  nArrivals: Signal<number>;
  /** The views stand still, and all of them show the current epoch. */
  settled: ReadonlySignal<boolean>;
  /** Where the last frame found the views at rest; null while they move. */
  resting: Signal<{ epoch: number | null } | null>;
  /** The epochs that have positions. */
  epochs: ReadonlySignal<number[]>;
  /** All blocks of the run; those that have a view; those whose view is on the screen. */
  blocks: ReadonlySignal<readonly string[]>;
  views: ReadonlySignal<readonly string[]>;
  panels: ReadonlySignal<readonly string[]>;
  /** For each block the layout that was asked for last, on the screen or not. */
  newest: ReadonlySignal<Projection[]>;
  computing: ReadonlySignal<boolean>;
}

export function createEmbeddingsState(session: SessionState): EmbeddingsState {
  const comparedName = signal<string | null>(null);
  const projections = signal<Projection[]>([]);
  const successors = signal<Readonly<Record<string, Projection>>>({});
  const chosenBlocks = signal<readonly string[] | null>(null);
  const enlarged = signal<string | null>(null);
  const resting = signal<EmbeddingsState["resting"]["value"]>(null);
  const blocks = computed(() => {
    const other = session.runs.value?.runs.find(({ name }) => name === comparedName.value);
    const names = session.run.value?.blocks.map((block) => block.name) ?? [];
    return other ? names.filter((name) => other.blocks.includes(name)) : names;
  });
  const views = computed(() => {
    const chosen = chosenBlocks.value?.filter((block) => blocks.value.includes(block)) ?? [];
    return chosen.length > 0 ? chosen : blocks.value;
  });
  return {
    canDraw: signal(true),
    comparedName,
    names: computed(() => ({ run: session.runName.value, comparedName: comparedName.value })),
    comparedRun: signal<ComparedRun | null>(null),
    subclusters: signal<PairSubclusters | null>(null),
    accuracies: signal<Readonly<Record<string, Accuracy>>>({}),
    projections,
    settings: signal<LayoutSettings>({}),
    previousSettings: signal<LayoutSettings | null>(null),
    tried: signal<readonly Tried[]>([]),
    nRequests: signal(0),
    successors,
    sampling: signal(ALL_SAMPLES),
    outcomes: signal<Outcomes | null>(null),
    comparedOutcomes: signal<Outcomes | null>(null),
    hover: signal<Hover | null>(null),
    tool: signal<Tool>("pan"),
    nearest: signal<NearestSamples | null>(null),
    colorBy: signal<ColorBy>("label"),
    appearance: signal(DEFAULT_APPEARANCE),
    pointed: signal<string | null>(null),
    fading: signal(false),
    preservation: signal<Readonly<Record<string, Preservation>>>({}),
    chosenBlocks,
    enlarged,
    cameras: signal<Readonly<Record<string, Camera>>>({}),
    linked: signal(false),
    nArrivals: signal(0),
    settled: computed(() => resting.value !== null && resting.value.epoch === session.epoch.value),
    resting,
    epochs: computed(() => {
      const viewed = projections.value.filter(({ block }) => views.value.includes(blockOf(block)));
      return unionOfSteps(viewed.map((projection) => projection.steps));
    }),
    blocks,
    views,
    panels: computed(() => {
      const large = enlarged.value ?? "";
      return viewsOf(views.value.includes(large) ? [large] : views.value, comparedName.value !== null);
    }),
    newest: computed(() => projections.value.map((shown) => successors.value[shown.block] ?? shown)),
    computing: computed(() => [...projections.value, ...Object.values(successors.value)].some(isActive)),
  };
}

export function isActive({ state }: Projection): boolean {
  return state === "queued" || state === "running";
}

import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type {
  Accuracy,
  Outcomes,
  Parameters,
  Preservation,
  Projection,
  Run,
  RunSummary,
  Runs,
  Samples,
  Subclusters,
} from "../api/types";
import type { Theme } from "../color/palette";
import type { Camera } from "../render/camera";
import { DEFAULT_LOOK, type Look } from "../screens/embeddings/state/appearance";
import { type ColorBy, DEFAULT_SPEED } from "../screens/embeddings/state/color_by";
import { layoutActions } from "../screens/embeddings/state/layout_actions";
import type { NearestSamples } from "../screens/embeddings/state/nearest";
import type { Other } from "../screens/embeddings/state/other_run";
import type { Figures, LayoutSettings } from "../screens/embeddings/state/parameters";
import { qualityActions } from "../screens/embeddings/state/quality_actions";
import { blockOf, viewsOf } from "../screens/embeddings/state/run_pair";
import { compareActions } from "../screens/embeddings/state/run_pair_actions";
import { ALL_SAMPLES, type Sampling } from "../screens/embeddings/state/sampling";
import { viewActions } from "../screens/embeddings/state/view_actions";
import { gradientActions } from "../screens/gradients/state/actions";
import { createGradients, type GradientsState } from "../screens/gradients/state/state";
import { playgroundActions } from "../screens/playground/state/actions";
import { createPlayground, type PlaygroundState } from "../screens/playground/state/state";
import { SCREENS, type Screen } from "../screens/registry";
import { scalarActions } from "../screens/scalars/state/actions";
import { createScalars, type ScalarsState } from "../screens/scalars/state/state";
import { type AxisPoint, axisPoints } from "./axes";
import { classActions } from "./class_filter";
import { connectionActions } from "./connection";
import { timeActions } from "./epoch_cursor";
import { runActions } from "./run";
import { NO_ROWS, type Rows, type Tool } from "./selection";
import { selectionActions } from "./selection_actions";
import { trainActions } from "./step_cursor";
import { unionOfSteps } from "./steps";

export interface Connection {
  state: "connecting" | "ok" | "lost";
  /** Why the server cannot be reached, or "". */
  message: string;
}

/** The sample under the pointer, and where the pointer is in the window, in pixels. */
export interface Hover {
  row: number;
  block: string;
  x: number;
  y: number;
}

/** All that the page knows and shows. It changes through the actions of `createStore` only. */
export interface State {
  screen: Signal<Screen>;
  connection: Signal<Connection>;
  /** Grows when the server is back after it was lost. */
  nReturns: Signal<number>;
  theme: Signal<Theme>;
  /** False where the browser cannot draw: there is no WebGL2. */
  canDraw: Signal<boolean>;
  /** True while the browser has taken the graphics context away. */
  interrupted: Signal<boolean>;
  runs: Signal<Runs | null>;
  /** The run that is shown, and the one that was asked for: it may come later or be gone. */
  runName: Signal<string | null>;
  wantedRun: Signal<string | null>;
  /** The run that is shown beside it, in the same space. */
  beside: Signal<string | null>;
  /** What is known of it; null: nothing yet, or there is none. */
  other: Signal<Other | null>;
  /** Of the last view: into how many clusters each run's picture of it takes a class apart, by run; or why not. */
  subclusters: Signal<{
    block: string;
    byRun: Readonly<Record<string, Subclusters>>;
    problem: string;
  } | null>;
  /** By run, of the two that are side by side. */
  accuracies: Signal<Readonly<Record<string, Accuracy>>>;
  run: Signal<Run | null>;
  samples: Signal<Samples | null>;
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
  otherOutcomes: Signal<Outcomes | null>;
  /** The epoch that is shown or moved to. */
  step: Signal<number | null>;
  /** The same moment among the training steps: the cursor that screens by training step share. */
  trainStep: Signal<number | null>;
  gradients: GradientsState;
  scalars: ScalarsState;
  playground: PlaygroundState;
  /** Where the epochs lie among the training steps. */
  axis: ReadonlySignal<AxisPoint[]>;
  /** Go on to each new epoch as it arrives. */
  follow: Signal<boolean>;
  playing: Signal<boolean>;
  /** Epochs per second. */
  speed: Signal<number>;
  loop: Signal<boolean>;
  hiddenClasses: Signal<ReadonlySet<number>>;
  /** The class that the pointer rests on in the legend. */
  hoverClass: Signal<number | null>;
  hover: Signal<Hover | null>;
  /** The row of the sample that stays marked. */
  pinned: Signal<number | null>;
  /** The rows of the selected samples, ascending; all screens share it. */
  selected: Signal<Rows>;
  /** Other samples than the selected are not drawn at all. */
  isolated: Signal<boolean>;
  /** What dragging does in a plot. */
  tool: Signal<Tool>;
  /** Of the pinned sample. */
  nearest: Signal<NearestSamples | null>;
  colorBy: Signal<ColorBy>;
  look: Signal<Look>;
  /** The block whose view the pointer or the focus is in. */
  pointed: Signal<string | null>;
  /** Samples fade whose neighbourhood the picture misrepresents; by projection what is known of it. */
  fading: Signal<boolean>;
  preservation: Signal<Readonly<Record<string, Preservation>>>;
  /** Which blocks have a view, in which order; null: all, in the network's order. */
  chosenBlocks: Signal<readonly string[] | null>;
  /** The block whose view takes all the room. */
  enlarged: Signal<string | null>;
  cameras: Signal<Readonly<Record<string, Camera>>>;
  /** One camera for all views. */
  linked: Signal<boolean>;
  /** The keys of a link that was just opened that make no sense; null once the run has been looked at as well. */
  unusedOfLink: Signal<readonly string[] | null>;
  /** A sentence about the last thing that went wrong, or "". */
  failure: Signal<string>;
  /** Grows when positions arrive. */
  nArrivals: Signal<number>;
  /** The picture stands still and shows the current epoch in all views. */
  settled: ReadonlySignal<boolean>;
  /** Where the last frame found the picture at rest; null while it moves. */
  resting: Signal<{ step: number | null } | null>;
  /** The steps that have positions. */
  steps: ReadonlySignal<number[]>;
  /** All blocks of the run; those that have a view; those whose view is on the screen. */
  blocks: ReadonlySignal<readonly string[]>;
  views: ReadonlySignal<readonly string[]>;
  panels: ReadonlySignal<readonly string[]>;
  summary: ReadonlySignal<RunSummary | null>;
  /** For each block the layout that was asked for last, on the screen or not. */
  newest: ReadonlySignal<Projection[]>;
  computing: ReadonlySignal<boolean>;
}

/** A setting of the layout that has been computed, with its figures. */
export interface Tried extends Figures {
  block: string;
  parameters: Parameters;
}

export function isActive({ state }: Projection): boolean {
  return state === "queued" || state === "running";
}

export type Store = State & { actions: ReturnType<typeof createActions> };

export function createStore(): Store {
  const runs = signal<Runs | null>(null);
  const runName = signal<string | null>(null);
  const run = signal<Run | null>(null);
  const projections = signal<Projection[]>([]);
  const successors = signal<Readonly<Record<string, Projection>>>({});
  const chosenBlocks = signal<readonly string[] | null>(null);
  const enlarged = signal<string | null>(null);
  const beside = signal<string | null>(null);
  const step = signal<number | null>(null);
  const resting = signal<State["resting"]["value"]>(null);
  const trainStep = signal<number | null>(null);
  const gradients = createGradients(trainStep);
  const blocks = computed(() => {
    const other = runs.value?.runs.find(({ name }) => name === beside.value);
    const names = run.value?.blocks.map((block) => block.name) ?? [];
    return other ? names.filter((name) => other.blocks.includes(name)) : names;
  });
  const views = computed(() => {
    const chosen = chosenBlocks.value?.filter((block) => blocks.value.includes(block)) ?? [];
    return chosen.length > 0 ? chosen : blocks.value;
  });
  const state: State = {
    screen: signal<Screen>(SCREENS[0]),
    connection: signal<Connection>({ state: "connecting", message: "" }),
    nReturns: signal(0),
    theme: signal<Theme>("light"),
    canDraw: signal(true),
    interrupted: signal(false),
    runs,
    runName,
    wantedRun: signal<string | null>(null),
    beside,
    other: signal<Other | null>(null),
    subclusters: signal<State["subclusters"]["value"]>(null),
    accuracies: signal<Readonly<Record<string, Accuracy>>>({}),
    run,
    samples: signal<Samples | null>(null),
    projections,
    settings: signal<LayoutSettings>({}),
    previousSettings: signal<LayoutSettings | null>(null),
    tried: signal<readonly Tried[]>([]),
    nRequests: signal(0),
    successors,
    sampling: signal(ALL_SAMPLES),
    outcomes: signal<Outcomes | null>(null),
    otherOutcomes: signal<Outcomes | null>(null),
    step,
    trainStep,
    gradients,
    scalars: createScalars(),
    playground: createPlayground(),
    axis: computed(() =>
      axisPoints({
        epochs: run.value?.steps ?? [],
        nTrainSteps: run.value?.train_steps ?? [],
        trainSteps: gradients.steps.value,
        lastEpochs: gradients.summary.value?.epochs ?? [],
      }),
    ),
    follow: signal(true),
    playing: signal(false),
    speed: signal(DEFAULT_SPEED),
    loop: signal(false),
    hiddenClasses: signal<ReadonlySet<number>>(new Set()),
    hoverClass: signal<number | null>(null),
    hover: signal<Hover | null>(null),
    pinned: signal<number | null>(null),
    selected: signal(NO_ROWS),
    isolated: signal(false),
    tool: signal<Tool>("pan"),
    nearest: signal<NearestSamples | null>(null),
    colorBy: signal<ColorBy>("label"),
    look: signal(DEFAULT_LOOK),
    pointed: signal<string | null>(null),
    fading: signal(false),
    preservation: signal<Readonly<Record<string, Preservation>>>({}),
    chosenBlocks,
    enlarged,
    cameras: signal<Readonly<Record<string, Camera>>>({}),
    linked: signal(false),
    unusedOfLink: signal<readonly string[] | null>(null),
    failure: signal(""),
    nArrivals: signal(0),
    settled: computed(() => resting.value !== null && resting.value.step === step.value),
    resting,
    steps: computed(() => {
      const viewed = projections.value.filter(({ block }) => views.value.includes(blockOf(block)));
      return unionOfSteps(viewed.map((projection) => projection.steps));
    }),
    blocks,
    views,
    panels: computed(() => {
      const large = enlarged.value ?? "";
      return viewsOf(views.value.includes(large) ? [large] : views.value, beside.value !== null);
    }),
    summary: computed(() => runs.value?.runs.find((each) => each.name === runName.value) ?? null),
    newest: computed(() => projections.value.map((shown) => successors.value[shown.block] ?? shown)),
    computing: computed(() => [...projections.value, ...Object.values(successors.value)].some(isActive)),
  };
  return { ...state, actions: createActions(state) };
}

function createActions(state: State) {
  const moves = { ...timeActions(state), ...trainActions(state), ...gradientActions(state) };
  return {
    ...moves,
    ...scalarActions(state, moves),
    ...connectionActions(state),
    ...runActions(state),
    ...layoutActions(state),
    ...classActions(state),
    ...viewActions(state),
    ...selectionActions(state),
    ...qualityActions(state),
    ...compareActions(state),
    ...playgroundActions(state),
  };
}

import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Outcomes, Parameters, Projection, Run, RunSummary, Runs, Samples } from "../api/types";
import type { Theme } from "../color/palette";
import { type Camera, HOME } from "../render/camera";
import { DEFAULT_SPEED, SPEEDS } from "./settings";
import { indexOfStep, unionOfSteps } from "./steps";
import type { UrlState } from "./url";

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
  connection: Signal<Connection>;
  theme: Signal<Theme>;
  /** False where the browser cannot draw: there is no WebGL2. */
  canDraw: Signal<boolean>;
  runs: Signal<Runs | null>;
  runName: Signal<string | null>;
  run: Signal<Run | null>;
  samples: Signal<Samples | null>;
  projections: Signal<Projection[]>;
  parameters: Signal<Parameters>;
  outcomes: Signal<Outcomes | null>;
  /** The epoch that is shown or moved to. */
  step: Signal<number | null>;
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
  cameras: Signal<Readonly<Record<string, Camera>>>;
  /** One camera for all views. */
  linked: Signal<boolean>;
  /** A sentence about the last thing that went wrong, or "". */
  failure: Signal<string>;
  /** Grows when positions arrive. */
  nArrivals: Signal<number>;
  /** The picture stands still and shows the current epoch in all views. */
  settled: Signal<boolean>;
  /** The steps that have positions. */
  steps: ReadonlySignal<number[]>;
  blocks: ReadonlySignal<string[]>;
  summary: ReadonlySignal<RunSummary | null>;
  computing: ReadonlySignal<boolean>;
}

export type Store = State & { actions: ReturnType<typeof createActions> };

export function createStore(): Store {
  const runs = signal<Runs | null>(null);
  const runName = signal<string | null>(null);
  const run = signal<Run | null>(null);
  const projections = signal<Projection[]>([]);
  const state: State = {
    connection: signal<Connection>({ state: "connecting", message: "" }),
    theme: signal<Theme>("light"),
    canDraw: signal(true),
    runs,
    runName,
    run,
    samples: signal<Samples | null>(null),
    projections,
    parameters: signal<Parameters>({}),
    outcomes: signal<Outcomes | null>(null),
    step: signal<number | null>(null),
    follow: signal(true),
    playing: signal(false),
    speed: signal(DEFAULT_SPEED),
    loop: signal(false),
    hiddenClasses: signal<ReadonlySet<number>>(new Set()),
    hoverClass: signal<number | null>(null),
    hover: signal<Hover | null>(null),
    cameras: signal<Readonly<Record<string, Camera>>>({}),
    linked: signal(false),
    failure: signal(""),
    nArrivals: signal(0),
    settled: signal(false),
    steps: computed(() => unionOfSteps(projections.value.map((p) => p.steps))),
    blocks: computed(() => run.value?.blocks.map((block) => block.name) ?? []),
    summary: computed(() => runs.value?.runs.find((each) => each.name === runName.value) ?? null),
    computing: computed(() => projections.value.some((p) => p.state === "queued" || p.state === "running")),
  };
  return { ...state, actions: createActions(state) };
}

function createActions(state: State) {
  return {
    ...connectionActions(state),
    ...runActions(state),
    ...timeActions(state),
    ...classActions(state),
    ...viewActions(state),
  };
}

function connectionActions(state: State) {
  return {
    serverAnswered() {
      if (state.connection.peek().state !== "ok") state.connection.value = { state: "ok", message: "" };
    },
    serverLost(message: string) {
      const now = state.connection.peek();
      if (now.state !== "lost" || now.message !== message)
        state.connection.value = { state: "lost", message };
    },
    failed(sentence: string) {
      state.failure.value = sentence;
    },
    failureDismissed() {
      state.failure.value = "";
    },
    themeChanged(theme: Theme) {
      state.theme.value = theme;
    },
    drawingImpossible() {
      state.canDraw.value = false;
    },
  };
}

function runActions(state: State) {
  const forgetRun = () => {
    state.run.value = null;
    state.samples.value = null;
    state.projections.value = [];
    state.outcomes.value = null;
    state.hover.value = null;
    state.playing.value = false;
    state.settled.value = false;
  };
  return {
    /** The list of runs arrived. Without a run, or if ours is gone, the first one is shown. */
    runsLoaded(runs: Runs) {
      batch(() => {
        if (JSON.stringify(runs) !== JSON.stringify(state.runs.peek())) state.runs.value = runs;
        const name = state.runName.peek();
        if (runs.runs.some((run) => run.name === name)) return;
        const first = runs.runs[0]?.name ?? null;
        if (name !== null) {
          const instead = first === null ? "" : ` Showing ${first} instead.`;
          state.failure.value = `The run ${name} is not in ${runs.log_dir}.${instead}`;
        }
        if (name === first) return;
        forgetRun();
        state.runName.value = first;
        state.step.value = null;
        state.follow.value = true;
      });
    },
    runSelected(name: string) {
      if (name === state.runName.peek()) return;
      batch(() => {
        forgetRun();
        state.runName.value = name;
        state.step.value = null;
        state.follow.value = true;
        state.hiddenClasses.value = new Set();
        state.cameras.value = {};
        state.failure.value = "";
      });
    },
    runLoaded(run: Run) {
      if (run.name !== state.runName.peek()) return;
      batch(() => {
        const before = state.run.peek();
        if (before && before.sample_set !== run.sample_set) forgetRun();
        if (JSON.stringify(before) !== JSON.stringify(run) || !state.run.peek()) state.run.value = run;
      });
    },
    samplesLoaded(name: string, samples: Samples) {
      if (name === state.runName.peek()) state.samples.value = samples;
    },
    outcomesLoaded(name: string, outcomes: Outcomes | null) {
      if (name === state.runName.peek()) state.outcomes.value = outcomes;
    },
    /** Manifests arrived; those of other blocks stay. Follows to the newest step. */
    projectionsLoaded(name: string, loaded: Projection[]) {
      if (name !== state.runName.peek()) return;
      batch(() => {
        const byBlock = new Map(state.projections.peek().map((p) => [p.block, p]));
        for (const projection of loaded) byBlock.set(projection.block, projection);
        const order = state.blocks.peek();
        const next = [...byBlock.values()]
          .filter((p) => order.includes(p.block))
          .sort((a, b) => order.indexOf(a.block) - order.indexOf(b.block));
        if (JSON.stringify(next) !== JSON.stringify(state.projections.peek())) state.projections.value = next;
        followSteps(state);
      });
    },
    positionsArrived() {
      state.nArrivals.value += 1;
    },
    settledChanged(settled: boolean) {
      state.settled.value = settled;
    },
  };
}

/** Keeps the step on the newest while following, and on an existing one otherwise. */
function followSteps(state: State): void {
  const steps = state.steps.peek();
  if (steps.length === 0) return;
  const step = state.step.peek();
  if (step === null || (state.follow.peek() && !state.playing.peek()))
    state.step.value = steps[steps.length - 1];
  else if (!steps.includes(step) && !state.computing.peek())
    state.step.value = steps[indexOfStep(steps, step)];
}

function timeActions(state: State) {
  const go = (step: number) => {
    const steps = state.steps.peek();
    if (steps.length === 0) return;
    const index = indexOfStep(steps, step);
    batch(() => {
      state.step.value = steps[index];
      state.follow.value = index === steps.length - 1;
    });
  };
  const goToIndex = (index: number) => {
    const steps = state.steps.peek();
    go(steps[Math.min(steps.length - 1, Math.max(0, index))]);
  };
  const index = () => indexOfStep(state.steps.peek(), state.step.peek() ?? 0);
  const pause = () => {
    state.playing.value = false;
  };
  return {
    /** Shows the logged step nearest to `step`. Being at the newest means following. */
    stepChosen(step: number) {
      batch(() => {
        pause();
        go(step);
      });
    },
    previousStep() {
      batch(() => {
        pause();
        goToIndex(index() - 1);
      });
    },
    nextStep() {
      batch(() => {
        pause();
        goToIndex(index() + 1);
      });
    },
    firstStep() {
      batch(() => {
        pause();
        goToIndex(0);
      });
    },
    lastStep() {
      batch(() => {
        pause();
        goToIndex(state.steps.peek().length - 1);
      });
    },
    /** While playing, the clock says which epoch it has come to. */
    playedTo(step: number) {
      if (state.step.peek() !== step) go(step);
    },
    /** Plays from here; from the first epoch if this is the last. */
    playToggled() {
      batch(() => {
        const starting = !state.playing.peek() && state.steps.peek().length > 1;
        if (starting && index() === state.steps.peek().length - 1) goToIndex(0);
        state.playing.value = starting;
      });
    },
    playEnded() {
      pause();
    },
    speedChosen(speed: number) {
      if ((SPEEDS as readonly number[]).includes(speed)) state.speed.value = speed;
    },
    loopToggled() {
      state.loop.value = !state.loop.peek();
    },
  };
}

function classActions(state: State) {
  const hide = (hidden: Iterable<number>) => {
    state.hiddenClasses.value = new Set(hidden);
  };
  const all = () => state.run.peek()?.class_names?.map((_, index) => index) ?? [];
  return {
    classToggled(index: number) {
      const hidden = new Set(state.hiddenClasses.peek());
      if (!hidden.delete(index)) hidden.add(index);
      hide(hidden);
    },
    onlyClass(index: number) {
      hide(all().filter((other) => other !== index));
    },
    allClasses() {
      hide([]);
    },
    noClasses() {
      hide(all());
    },
    classesInverted() {
      const hidden = state.hiddenClasses.peek();
      hide(all().filter((index) => !hidden.has(index)));
    },
    classHovered(index: number | null) {
      state.hoverClass.value = index;
    },
  };
}

function viewActions(state: State) {
  return {
    hovered(hover: Hover | null) {
      if (hover === null && state.hover.peek() === null) return;
      state.hover.value = hover;
    },
    cameraMoved(block: string, camera: Camera) {
      const blocks = state.linked.peek() ? state.blocks.peek() : [block];
      const moved = Object.fromEntries(blocks.map((name) => [name, camera]));
      state.cameras.value = { ...state.cameras.peek(), ...moved };
    },
    camerasReset(block?: string) {
      if (block === undefined || state.linked.peek()) state.cameras.value = {};
      else state.cameras.value = { ...state.cameras.peek(), [block]: HOME };
    },
    linkToggled() {
      state.linked.value = !state.linked.peek();
    },
    /** The state that a link carries. What it does not name stays at its default. */
    urlOpened(url: UrlState) {
      batch(() => {
        if (url.run !== undefined && url.run !== state.runName.peek()) {
          state.runName.value = url.run;
          state.run.value = null;
          state.samples.value = null;
          state.projections.value = [];
        }
        state.step.value = url.step ?? state.step.peek();
        state.follow.value = url.step === undefined;
        state.hiddenClasses.value = new Set(url.hidden ?? []);
        if (url.speed !== undefined) state.speed.value = url.speed;
        if (url.loop !== undefined) state.loop.value = url.loop;
      });
    },
  };
}

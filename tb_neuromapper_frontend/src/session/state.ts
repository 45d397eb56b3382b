import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Run, RunSummary, Runs, Samples } from "../api/types";
import type { Theme } from "../color/palette";
import { type AxisPoint, axisPoints } from "./axes";
import { createEvents, type Events } from "./events";
import type { InstalledScreen, OpenScreen, Panel, SessionPart } from "./part";
import { NO_ROWS, type Rows } from "./selection";
import { indexOfStep } from "./steps";

export interface Connection {
  state: "connecting" | "ok" | "lost";
  /** Why the server cannot be reached, or "". */
  message: string;
}

/** Epochs per second. */
export const SPEEDS = [0.5, 1, 2, 4, 8] as const;
export const DEFAULT_SPEED = 2;

/** What all screens share. It changes through the actions of the session, and of the screens that know more. */
export interface SessionState {
  /** In the order of their tabs. */
  screens: Signal<readonly InstalledScreen[]>;
  panels: Signal<readonly Panel[]>;
  /** The name of the open screen. */
  screen: Signal<string>;
  connection: Signal<Connection>;
  /** Grows when the server is back after it was lost. */
  nReturns: Signal<number>;
  theme: Signal<Theme>;
  /** True while the browser has taken the graphics context away. */
  interrupted: Signal<boolean>;
  runs: Signal<Runs | null>;
  /** The displayed run, and the one that was asked for: it may come later or be gone. */
  runName: Signal<string | null>;
  wantedRun: Signal<string | null>;
  summary: ReadonlySignal<RunSummary | null>;
  run: Signal<Run | null>;
  samples: Signal<Samples | null>;
  /** Grows when a screen has loaded more of the run. */
  nUpdates: Signal<number>;
  /** The epoch that is displayed or moved to, and the epochs that can be displayed, ascending. */
  epoch: Signal<number | null>;
  epochs: Signal<readonly number[]>;
  /** The same moment among the training steps, the recorded training steps, and the last epoch before each. */
  trainStep: Signal<number | null>;
  trainSteps: Signal<readonly number[]>;
  lastEpochs: Signal<readonly (number | null)[]>;
  /** The recorded training step nearest to the cursor; null without any. */
  recordedStep: ReadonlySignal<number | null>;
  /** Where the epochs lie among the training steps. */
  axis: ReadonlySignal<AxisPoint[]>;
  events: Events;
  /** Go on to each new epoch as it arrives. */
  follow: Signal<boolean>;
  playing: Signal<boolean>;
  /** Epochs per second. */
  speed: Signal<number>;
  loop: Signal<boolean>;
  hiddenClasses: Signal<ReadonlySet<number>>;
  /** The class that the pointer rests on in the legend. */
  hoverClass: Signal<number | null>;
  /** The row of the sample that stays marked. */
  pinned: Signal<number | null>;
  /** The rows of the selected samples, ascending. */
  selected: Signal<Rows>;
  /** Other samples than the selected are not drawn at all. */
  isolated: Signal<boolean>;
  /** The keys of a link that was just opened that cannot be used; null once the run has been checked as well. */
  unusedOfLink: Signal<readonly string[] | null>;
  /** A sentence about the last thing that went wrong, or "". */
  failure: Signal<string>;
}

export function createSessionState(): SessionState {
  const runs = signal<Runs | null>(null);
  const runName = signal<string | null>(null);
  const run = signal<Run | null>(null);
  const trainStep = signal<number | null>(null);
  const trainSteps = signal<readonly number[]>([]);
  const lastEpochs = signal<readonly (number | null)[]>([]);
  return {
    screens: signal<readonly InstalledScreen[]>([]),
    panels: signal<readonly Panel[]>([]),
    screen: signal(""),
    connection: signal<Connection>({ state: "connecting", message: "" }),
    nReturns: signal(0),
    theme: signal<Theme>("light"),
    interrupted: signal(false),
    runs,
    runName,
    wantedRun: signal<string | null>(null),
    summary: computed(() => runs.value?.runs.find((each) => each.name === runName.value) ?? null),
    run,
    samples: signal<Samples | null>(null),
    nUpdates: signal(0),
    epoch: signal<number | null>(null),
    epochs: signal<readonly number[]>([]),
    trainStep,
    trainSteps,
    lastEpochs,
    recordedStep: computed(() => {
      const index = indexOfStep(trainSteps.value, trainStep.value ?? Number.MAX_SAFE_INTEGER);
      return index < 0 ? null : trainSteps.value[index];
    }),
    axis: computed(() =>
      axisPoints({
        epochs: run.value?.steps ?? [],
        nTrainSteps: run.value?.train_steps ?? [],
        trainSteps: trainSteps.value,
        lastEpochs: lastEpochs.value,
      }),
    ),
    events: createEvents(),
    follow: signal(true),
    playing: signal(false),
    speed: signal(DEFAULT_SPEED),
    loop: signal(false),
    hiddenClasses: signal<ReadonlySet<number>>(new Set()),
    hoverClass: signal<number | null>(null),
    pinned: signal<number | null>(null),
    selected: signal(NO_ROWS),
    isolated: signal(false),
    unusedOfLink: signal<readonly string[] | null>(null),
    failure: signal(""),
  };
}

/** The screen that is open. */
export function openScreen({ screens, screen }: SessionState): OpenScreen | undefined {
  return screens.value.find(({ name }) => name === screen.value);
}

/** Everything that takes part in the session, screens first. */
export function partsOf({ screens, panels }: SessionState): readonly SessionPart[] {
  return [...screens.peek(), ...panels.peek()];
}

import { computed, effect, untracked } from "@preact/signals";
import { asApiError } from "../../../api/errors";
import type { Session } from "../../../session";
import type { PlaygroundApi } from "../api";
import type { Playground } from "./actions";
import { hasProblem, parametersOf } from "./state";

const POLL_MS = 1000;

/** What the user may do about trainings. */
export interface Trainer {
  start(): void;
  stop(id: string): void;
  /** Goes to a training's run, now or as soon as TensorBoard has found it. */
  show(run: string): void;
}

/** Asks for the form and the trainings while they matter, and goes to a run that was started here when it appears. */
export function syncPlayground(
  session: Session,
  playground: Playground,
  api: PlaygroundApi,
  isVisible: () => boolean,
): Trainer {
  const isOn = computed(() => session.runs.value?.playground === true);
  const isOpen = computed(() => isOn.value && session.screen.value === "playground");
  const attempt = async (task: () => Promise<void>) => {
    try {
      await task();
    } catch (caught) {
      const error = asApiError(caught);
      // Without a server the page says so by itself.
      if (error.kind !== "offline") playground.actions.trainingRefused(error.message);
    }
  };
  const ask = () => attempt(async () => playground.actions.trainingsLoaded(await api.trainings()));
  effect(() => {
    if (!isOpen.value) return;
    untracked(() => void attempt(async () => playground.actions.formLoaded(await api.playground())));
  });
  const isWatched = computed(() => isOpen.value || (isOn.value && playground.underWay.value.length > 0));
  effect(() => {
    if (isOn.value) untracked(() => void ask());
  });
  effect(() => {
    if (!isWatched.value) return;
    const timer = setInterval(() => {
      if (isVisible()) void ask();
    }, POLL_MS);
    return () => clearInterval(timer);
  });
  effect(() => {
    const awaited = playground.awaited.value;
    const isThere = session.runs.value?.runs.some(({ name }) => name === awaited);
    if (awaited === null || !isThere) return;
    untracked(() => {
      // Whoever has gone elsewhere meanwhile is left alone.
      if (session.screen.peek() === "playground") showRun(session, playground, awaited);
      else playground.actions.awaitedShown();
    });
  });
  return createTrainer(session, playground, api, ask);
}

function createTrainer(
  session: Session,
  playground: Playground,
  api: PlaygroundApi,
  ask: () => Promise<void>,
): Trainer {
  const send = async (task: () => Promise<void>) => {
    playground.actions.requestSent();
    try {
      await task();
    } catch (caught) {
      playground.actions.trainingRefused(asApiError(caught).message);
    }
  };
  return {
    start() {
      const form = playground.form.peek();
      const draft = playground.draft.peek();
      if (!form || hasProblem(form, draft) || playground.sending.peek()) return;
      void send(async () =>
        playground.actions.trainingStarted(await api.startTraining(parametersOf(form, draft))),
      );
    },
    stop(id) {
      const run = playground.trainings.peek().find((each) => each.id === id)?.run;
      if (run === playground.awaited.peek()) playground.actions.awaitedShown();
      void send(async () => {
        await api.stopTraining(id);
        playground.actions.requestDone();
        await ask();
      });
    },
    show(run) {
      showRun(session, playground, run);
    },
  };
}

/** The run is chosen and followed, where its gradients are seen to flow. */
function showRun({ screen, actions }: Session, playground: Playground, run: string): void {
  playground.actions.awaitedShown();
  actions.runSelected(run);
  if (screen.peek() === "playground") actions.screenChosen("gradients");
}

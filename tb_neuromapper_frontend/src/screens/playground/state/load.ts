import { computed, effect, untracked } from "@preact/signals";
import type { Api } from "../../../api/client";
import { asApiError } from "../../../api/errors";
import type { Store } from "../../../session/state";
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
export function keepPlayground(store: Store, api: Api, isVisible: () => boolean): Trainer {
  const { playground, actions } = store;
  const isOn = computed(() => store.runs.value?.playground === true);
  const isOpen = computed(() => isOn.value && store.screen.value === "playground");
  const attempt = async (task: () => Promise<void>) => {
    try {
      await task();
    } catch (caught) {
      const error = asApiError(caught);
      // Without a server the page says so by itself.
      if (error.kind !== "offline") actions.trainingRefused(error.message);
    }
  };
  const ask = () => attempt(async () => actions.trainingsLoaded(await api.trainings()));
  effect(() => {
    if (!isOpen.value) return;
    untracked(() => void attempt(async () => actions.formLoaded(await api.playground())));
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
    const isThere = store.runs.value?.runs.some(({ name }) => name === awaited);
    if (awaited === null || !isThere) return;
    untracked(() => {
      // Whoever has gone elsewhere meanwhile is left alone.
      if (store.screen.peek() === "playground") goTo(store, awaited);
      else actions.awaitedShown();
    });
  });
  return createTrainer(store, api, ask);
}

function createTrainer(store: Store, api: Api, ask: () => Promise<void>): Trainer {
  const { playground, actions } = store;
  const send = async (task: () => Promise<void>) => {
    actions.requestSent();
    try {
      await task();
    } catch (caught) {
      actions.trainingRefused(asApiError(caught).message);
    }
  };
  return {
    start() {
      const form = playground.form.peek();
      const draft = playground.draft.peek();
      if (!form || hasProblem(form, draft) || playground.sending.peek()) return;
      void send(async () => actions.trainingStarted(await api.startTraining(parametersOf(form, draft))));
    },
    stop(id) {
      const run = playground.trainings.peek().find((each) => each.id === id)?.run;
      if (run === playground.awaited.peek()) actions.awaitedShown();
      void send(async () => {
        await api.stopTraining(id);
        actions.requestDone();
        await ask();
      });
    },
    show(run) {
      goTo(store, run);
    },
  };
}

/** The run is chosen and followed, where its gradients are seen to flow. */
function goTo({ screen, actions }: Store, run: string): void {
  actions.awaitedShown();
  actions.runSelected(run);
  if (screen.peek() === "playground") actions.screenChosen("gradients");
}

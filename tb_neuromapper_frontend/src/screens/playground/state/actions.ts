import { batch } from "@preact/signals";
import type { Session } from "../../../session";
import type { PlaygroundForm, Training } from "../types";
import { createPlaygroundState, draftOf, type PlaygroundState } from "./state";

const NEW_LAYER = "16";

/** What the playground knows and shows, and what changes it. */
export type Playground = PlaygroundState & { actions: ReturnType<typeof playgroundActions> };

export function createPlayground(session: Session): Playground {
  const state = createPlaygroundState();
  return { ...state, actions: playgroundActions(session, state) };
}

function playgroundActions({ screen, failure }: Session, playground: PlaygroundState) {
  const { form, draft, trainings, refusal, sending, awaited } = playground;
  const wasUnderWay = (id: string) => playground.underWay.peek().some((each) => each.id === id);
  return {
    formLoaded(loaded: PlaygroundForm) {
      batch(() => {
        form.value = loaded;
        const { values, layers } = draftOf(loaded.fields);
        const isFirst = Object.keys(draft.peek().values).length === 0;
        if (isFirst) draft.value = { values, layers };
      });
    },
    fieldTyped(name: string, text: string) {
      draft.value = { ...draft.peek(), values: { ...draft.peek().values, [name]: text } };
    },
    layerTyped(index: number, text: string) {
      draft.value = { ...draft.peek(), layers: draft.peek().layers.with(index, text) };
    },
    /** After the last one, as large as it. */
    layerAdded() {
      const { layers } = draft.peek();
      draft.value = { ...draft.peek(), layers: [...layers, layers.at(-1) ?? NEW_LAYER] };
    },
    layerRemoved(index: number) {
      draft.value = { ...draft.peek(), layers: draft.peek().layers.toSpliced(index, 1) };
    },
    draftReset() {
      const fields = form.peek()?.fields;
      if (fields) draft.value = draftOf(fields);
    },
    requestSent() {
      batch(() => {
        sending.value = true;
        refusal.value = "";
      });
    },
    trainingStarted(training: Training) {
      batch(() => {
        sending.value = false;
        trainings.value = [training, ...trainings.peek()];
        awaited.value = training.run;
      });
    },
    requestDone() {
      sending.value = false;
    },
    trainingRefused(message: string) {
      batch(() => {
        sending.value = false;
        refusal.value = message;
      });
    },
    trainingsLoaded(loaded: readonly Training[]) {
      batch(() => {
        const failed = loaded.find((each) => each.state === "failed" && wasUnderWay(each.id));
        if (failed && screen.peek() !== "playground")
          failure.value = `The training ${failed.run} ended: ${failed.message}`;
        if (JSON.stringify(loaded) !== JSON.stringify(trainings.peek())) trainings.value = loaded;
        const expected = loaded.find(({ run }) => run === awaited.peek());
        if (expected?.state === "failed" || expected?.state === "stopped") awaited.value = null;
      });
    },
    /** The awaited run is on view now, or the user has gone elsewhere. */
    awaitedShown() {
      awaited.value = null;
    },
  };
}

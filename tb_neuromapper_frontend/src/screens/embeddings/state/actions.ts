import { effect } from "@preact/signals";
import type { Session } from "../../../session";
import { columnOf, isMetadata } from "./color_by";
import { comparisonActions, forgetComparison } from "./comparison_actions";
import { dataActions } from "./data_actions";
import { layoutActions } from "./layout_actions";
import { createEmbeddingsState, type EmbeddingsState } from "./state";
import { viewActions } from "./view_actions";

/** What the embeddings screen knows and shows, and what changes it. */
export type Embeddings = EmbeddingsState & { actions: ReturnType<typeof createActions> };

/** The epochs that have positions are those that the cursor of all screens goes through. */
export function createEmbeddings(session: Session): Embeddings {
  const state = createEmbeddingsState(session);
  effect(() => {
    session.epochs.value = state.epochs.value;
  });
  effect(() => {
    session.screen.value;
    state.hover.value = null;
  });
  effect(() => {
    const samples = session.samples.value;
    const by = state.colorBy.peek();
    // A link, or the run before, may name a column that is not there.
    if (samples && isMetadata(by) && !Object.hasOwn(samples.metadata, columnOf(by)))
      state.colorBy.value = "label";
  });
  return { ...state, actions: createActions(session, state) };
}

function createActions(session: Session, state: EmbeddingsState) {
  return {
    ...dataActions(session, state),
    ...layoutActions(session, state),
    ...viewActions(session, state),
    ...comparisonActions(session, state),
  };
}

/** Everything that belongs to one run, or only what is about its samples. */
export function forgetRun(state: EmbeddingsState, what: "run" | "samples"): void {
  forgetComparison(state);
  state.tried.value = [];
  state.outcomes.value = null;
  state.pointed.value = null;
  state.preservation.value = {};
  state.hover.value = null;
  state.nearest.value = null;
  state.resting.value = null;
  if (what === "samples") return;
  state.comparedName.value = null;
  state.cameras.value = {};
  state.chosenBlocks.value = null;
  state.enlarged.value = null;
}

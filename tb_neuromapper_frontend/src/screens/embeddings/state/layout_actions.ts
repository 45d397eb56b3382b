import { batch } from "@preact/signals";
import type { SessionState } from "../../../session/state";
import { indexOfStep } from "../../../session/steps";
import type { Parameters, Projection } from "../types";
import { ALL, figuresOf, keyOf, type LayoutSettings, withoutDefaults } from "./parameters";
import { asView, isWanted, viewsOf } from "./run_pair";
import type { Sampling } from "./sampling";
import type { EmbeddingsState, Tried } from "./state";

/** With fewer samples there are no neighbourhoods to compare. */
const FEWEST = 4;

export function layoutActions(session: SessionState, state: EmbeddingsState) {
  const set = (settings: LayoutSettings) => {
    batch(() => {
      const now = state.settings.peek();
      if (JSON.stringify(now) !== JSON.stringify(settings)) state.previousSettings.value = now;
      state.settings.value = settings;
      // The same again: it may have been cancelled.
      state.nRequests.value += 1;
    });
  };
  return {
    /** Manifests arrived; those of other blocks stay. Follows to the newest step. */
    projectionsLoaded(run: string, loaded: Projection[]) {
      if (run !== session.runName.peek()) return;
      batch(() => {
        const n = session.run.peek()?.n_samples ?? FEWEST;
        const wanted = loaded
          .filter((each) => isWanted(each, state.comparedName.peek()))
          .map((each) => (n < FEWEST ? withoutFigures(each) : each))
          .map(asView);
        take(state, wanted);
        remember(state, wanted);
        followEpochs(session, state);
      });
    },
    /** The parameters of one block's layout, or with `ALL` of every block's. */
    layoutChosen(block: string, parameters: Parameters) {
      const own = withoutDefaults(parameters);
      set(block === ALL ? { [ALL]: own } : { ...state.settings.peek(), [block]: own });
    },
    layoutReset() {
      set({});
    },
    /** Back to the setting before this one; again, and forth. */
    previousLayout() {
      const previous = state.previousSettings.peek();
      if (previous) set(previous);
    },
    /** Asks again for what was cancelled or failed. */
    layoutRequested() {
      state.nRequests.value += 1;
    },
    sampled(change: Partial<Sampling>) {
      state.sampling.value = { ...state.sampling.peek(), ...change };
    },
  };
}

function withoutFigures(projection: Projection): Projection {
  const none = { trustworthiness: null, preservation: null, continuity: null, movement: null };
  return { ...projection, quality: projection.quality.map((each) => ({ ...each, ...none })) };
}

/** A layout takes the place of another in its block as soon as it has positions. */
function take(state: EmbeddingsState, loaded: readonly Projection[]): void {
  const shown = new Map(state.projections.peek().map((each) => [each.block, each]));
  const successors = { ...state.successors.peek() };
  for (const projection of loaded) {
    const current = shown.get(projection.block);
    const replaces = current !== undefined && current.id !== projection.id && current.steps.length > 0;
    if (replaces && projection.steps.length === 0) successors[projection.block] = projection;
    else {
      shown.set(projection.block, projection);
      delete successors[projection.block];
    }
  }
  const order = viewsOf(state.blocks.peek(), state.comparedName.peek() !== null);
  const next = [...shown.values()]
    .filter(({ block }) => order.includes(block))
    .sort((a, b) => order.indexOf(a.block) - order.indexOf(b.block));
  if (JSON.stringify(next) !== JSON.stringify(state.projections.peek())) state.projections.value = next;
  if (JSON.stringify(successors) !== JSON.stringify(state.successors.peek()))
    state.successors.value = successors;
}

/** Keeps the figures of finished layouts, to compare settings by. */
function remember(state: EmbeddingsState, loaded: readonly Projection[]): void {
  const finished = loaded.filter((each) => !each.runs && each.state === "done" && each.quality.length > 0);
  if (finished.length === 0) return;
  const entries = finished.map((projection): Tried => {
    const { block, parameters } = projection;
    return { block, parameters: withoutDefaults(parameters), ...figuresOf(projection) };
  });
  const same = (a: Tried, b: Tried) => a.block === b.block && keyOf(a.parameters) === keyOf(b.parameters);
  const kept = state.tried.peek().filter((old) => !entries.some((entry) => same(old, entry)));
  state.tried.value = [...kept, ...entries];
}

/** Keeps the cursor at the newest epoch while following, and at an existing one otherwise. */
export function followEpochs({ epoch, follow, playing }: SessionState, state: EmbeddingsState): void {
  const epochs = state.epochs.peek();
  if (epochs.length === 0) return;
  const now = epoch.peek();
  const isFollowing = follow.peek() && !playing.peek();
  if (now === null || isFollowing) epoch.value = epochs[epochs.length - 1];
  else if (!epochs.includes(now) && !state.computing.peek()) epoch.value = epochs[indexOfStep(epochs, now)];
}

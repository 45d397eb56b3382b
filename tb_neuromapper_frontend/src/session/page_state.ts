import type { Store } from "./state";

export type PageState = "loading" | "empty" | "ready" | "error";

/** What the page as a whole has to say, for screen and tests. */
export function pageStateOf(store: Store, hasPoints: boolean): PageState {
  const runs = store.runs.value;
  if (!runs) return store.connection.value.state === "lost" || store.failure.value ? "error" : "loading";
  if (store.screen.value === "scalars") return scalarsState(store);
  if (store.screen.value === "playground") return "ready";
  if (runs.runs.length === 0) return "empty";
  if (store.screen.value === "gradients") return gradientsState(store);
  if (!store.canDraw.value) return "error";
  if (hasPoints) return "ready";
  const projections = store.projections.value;
  const failed = projections.length > 0 && projections.every(({ state }) => state === "failed");
  return failed ? "error" : "loading";
}

function scalarsState({ scalars }: Store): PageState {
  const index = scalars.index.value;
  if (!index) return "loading";
  return Object.values(index.runs).some((tags) => Object.keys(tags).length > 0) ? "ready" : "empty";
}

function gradientsState({ gradients }: Store): PageState {
  const summary = gradients.summary.value;
  if (summary?.steps.length === 0) return "empty";
  return summary && gradients.nFrames.value > 0 ? "ready" : "loading";
}

import { effect, untracked } from "@preact/signals";
import type { Api } from "../../../api/client";
import { asApiError } from "../../../api/errors";
import type { Store } from "../../../session/state";

/** Fetches what the gradients screen shows beside the flow itself, while it is on view, and again when the run grows. */
export function keepGradientDetails(store: Store, api: Api): void {
  const { gradients, actions } = store;
  const isOpen = () => store.screen.value === "gradients";
  keep(store, () => {
    const name = gradients.summary.value?.run;
    if (!isOpen() || name === undefined) return null;
    return async (signal) => {
      for (let complete = false; !complete; ) {
        const known = gradients.overview.peek();
        const part = await api.overview(name, known?.steps.at(-1) ?? null, signal);
        // Another distance between the steps, or other layers: what is known does not go together with it.
        if (known && (part.stride !== known.stride || part.layers.join("\n") !== known.layers.join("\n"))) {
          actions.overviewForgotten();
          continue;
        }
        actions.overviewLoaded(name, part);
        complete = part.complete;
      }
    };
  });
  keep(store, () => {
    const name = gradients.summary.value?.run;
    const pinned = gradients.pinned.value;
    if (!isOpen() || name === undefined || pinned === null || pinned.unit < 0) return null;
    return async (signal) =>
      actions.historyLoaded(await api.unitHistory(name, pinned.layer, pinned.unit, signal));
  });
  keep(store, () => {
    const name = gradients.summary.value?.run;
    const layer = gradients.layer.value;
    const parameter = gradients.parameter.value;
    if (!isOpen() || name === undefined || layer === null) return null;
    return async (signal) =>
      actions.distributionsLoaded(await distributionsOf(api, name, layer, parameter, signal));
  });
}

/** Null for a layer without parameters of its own. */
async function distributionsOf(
  api: Api,
  run: string,
  layer: string,
  parameter: string | null,
  signal: AbortSignal,
) {
  try {
    return await api.distributions(run, layer, parameter, signal);
  } catch (caught) {
    if (asApiError(caught).kind === "refused") return null;
    throw caught;
  }
}

/** Runs what `plan` returns whenever the signals that it reads change; what was under way is given up. */
function keep(store: Store, plan: () => ((signal: AbortSignal) => Promise<unknown>) | null): void {
  let current = new AbortController();
  effect(() => {
    current.abort();
    current = new AbortController();
    const { signal } = current;
    const run = plan();
    if (!run) return;
    untracked(() => {
      run(signal).catch((caught) => {
        const error = asApiError(caught);
        if (error.kind === "refused" || error.kind === "broken") store.actions.failed(error.message);
      });
    });
  });
}

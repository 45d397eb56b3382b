import { asApiError } from "../../../api/errors";
import type { Session } from "../../../session";
import { reporting, syncLoaded } from "../../../session/load";
import type { Poll } from "../../../session/part";
import type { GradientsApi } from "../api";
import type { OverviewPart } from "../types";
import type { Gradients } from "./actions";
import { noGradients } from "./state";

/** Asks what is recorded of the run, again whenever that changes. */
export function gradientsPoll(session: Session, gradients: Gradients, api: GradientsApi): Poll {
  let asked = "";
  return {
    async ask(name, _known, signal) {
      const summary = session.summary.peek();
      const version = JSON.stringify([name, summary?.gradients]);
      if (version === asked && gradients.summary.peek()) return;
      const has = summary?.gradients && !session.runs.peek()?.exported;
      gradients.actions.gradientsLoaded(has ? await api.gradients(name, signal) : noGradients(name));
      asked = version;
    },
    reset() {
      asked = "";
    },
  };
}

/** Fetches what the screen shows beside the flow itself while it is open, and again when the run grows. */
export function syncGradientDetails(session: Session, gradients: Gradients, api: GradientsApi): void {
  const { actions } = gradients;
  const failed = reporting(session.actions.failed);
  /** The run whose records the screen shows, and what changes when these do; null while the screen is closed. */
  const shown = () => {
    const summary = gradients.summary.value;
    if (session.screen.value !== "gradients" || summary === null) return null;
    return { name: summary.run, version: summary.versions.join() };
  };
  syncLoaded(
    () => {
      const run = shown();
      const load = (signal: AbortSignal) => loadOverview(gradients, api, run?.name ?? "", signal);
      return run && { key: JSON.stringify(run), load };
    },
    { arrived: () => {}, failed },
  );
  syncLoaded(
    () => {
      const run = shown();
      const pinned = gradients.pinned.value;
      if (run === null || pinned === null || pinned.unit < 0) return null;
      const { layer, unit } = pinned;
      return {
        key: JSON.stringify([run, layer, unit]),
        load: (signal) => api.unitHistory(run.name, layer, unit, signal),
      };
    },
    { arrived: actions.historyLoaded, failed },
  );
  syncLoaded(
    () => {
      const run = shown();
      const layer = gradients.layer.value;
      const parameter = gradients.parameter.value;
      if (run === null || layer === null) return null;
      return {
        key: JSON.stringify([run, layer, parameter]),
        load: (signal) => distributionsOf(api, run.name, layer, parameter, signal),
      };
    },
    { arrived: actions.distributionsLoaded, failed },
  );
}

/** Part by part, each shown as soon as it is there. */
async function loadOverview(
  { overview, actions }: Gradients,
  api: GradientsApi,
  run: string,
  signal: AbortSignal,
) {
  for (let complete = false; !complete; ) {
    const known = overview.peek();
    const part = await api.overview(run, known?.steps.at(-1) ?? null, signal);
    if (known && !goesOn(known, part)) {
      actions.overviewForgotten();
      continue;
    }
    actions.overviewLoaded(run, part);
    complete = part.complete;
  }
}

/** Another distance between the steps, or other layers: what is known does not go together with it. */
function goesOn(known: OverviewPart, part: OverviewPart): boolean {
  return part.stride === known.stride && part.layers.join("\n") === known.layers.join("\n");
}

/** Null for a layer without parameters of its own. */
async function distributionsOf(
  api: GradientsApi,
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

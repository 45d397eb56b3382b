import type { Session } from "../../../session";
import { trainStepAt } from "../../../session/axes";
import type { TimelineEvent } from "../../../session/events";
import { type Scalars, stepOn } from "../state/actions";
import type { ScalarAxis } from "../types";
import type { Mark } from "./curves";

const LOSS = /loss/i;

/** What is marked on a chart: those of the session's events that concern it, on the chart's axis. */
export function marksOf(session: Session, scalars: Scalars, tag: string, axis: ScalarAxis | null): Mark[] {
  const info = scalars.index.value?.runs[session.runName.value ?? ""]?.[tag];
  return session.events.all.value.flatMap((event) => {
    const { on, label, title, kind, open } = event;
    // The run has no curve here that a finding could be about.
    if (on === "losses" ? !info || !LOSS.test(tag) : on !== "all" && on.tag !== tag) return [];
    const step = placeOf(session, event, axis, info?.axis);
    return step === null ? [] : [{ step, label, title, onOpen: open, kind }];
  });
}

/** @param own What the steps of the run's own curve count; undefined without one. */
function placeOf(
  session: Session,
  event: TimelineEvent,
  axis: ScalarAxis | null,
  own: ScalarAxis | null | undefined,
): number | null {
  if (event.axis === null) return own === axis ? event.step : null;
  if (event.axis === "train_step") return stepOn(session, axis, event.step);
  if (axis === "epoch") return event.step;
  return axis === "train_step" ? trainStepAt(session.axis.value, event.step) : null;
}

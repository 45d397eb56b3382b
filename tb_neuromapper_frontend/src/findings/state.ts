import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Session } from "../session";
import type { TimelineEvent } from "../session/events";
import { fromJson } from "../session/params";
import type { LinkPart, Params } from "../session/part";
import type { Finding, FindingsReport } from "./types";

/** The findings of the displayed run. */
export interface Findings {
  /** Null as long as it is not known. */
  report: Signal<FindingsReport | null>;
  /** Thresholds that are not the default. */
  thresholds: Signal<Readonly<Record<string, number>>>;
  /** Where they are marked on charts: one about a scalar on that scalar's chart, any other on those of losses. */
  events: ReadonlySignal<readonly TimelineEvent[]>;
  actions: FindingActions;
}

type FindingActions = ReturnType<typeof createActions>;

export function createFindings(session: Session): Findings {
  const report = signal<FindingsReport | null>(null);
  const thresholds = signal<Readonly<Record<string, number>>>({});
  const actions = createActions(session, report, thresholds);
  const events = computed(() =>
    (report.value?.findings ?? []).flatMap((finding, index) =>
      eventsOf(finding, index + 1, actions.findingOpened),
    ),
  );
  return { report, thresholds, events, actions };
}

function createActions(session: Session, report: Findings["report"], thresholds: Findings["thresholds"]) {
  return {
    findingsLoaded(loaded: FindingsReport) {
      if (loaded.run !== session.runName.peek()) return;
      if (JSON.stringify(loaded) !== JSON.stringify(report.peek())) report.value = loaded;
    },
    /** Goes to where a finding is seen. */
    findingOpened({ kind, units, link }: Finding) {
      const { screen, tag, layer, unit, train_step: trainStep } = link;
      session.goTo({ screen, kind, tag, layer, unit, units, trainStep });
    },
    /** Null: the default. */
    thresholdChosen(name: string, value: number | null) {
      const { [name]: _, ...others } = thresholds.peek();
      thresholds.value = value === null ? others : { ...others, [name]: value };
    },
    thresholdsReset() {
      thresholds.value = {};
    },
  };
}

function eventsOf(finding: Finding, place: number, open: (finding: Finding) => void): TimelineEvent[] {
  const { link, message, steps } = finding;
  const own = link.tag !== null;
  return steps.slice(0, own ? undefined : 1).map(([first]) => ({
    kind: "finding",
    axis: own ? null : "train_step",
    step: first,
    on: link.tag === null ? "losses" : { tag: link.tag },
    label: String(place),
    title: `${place}. ${message}`,
    open: () => open(finding),
  }));
}

/** A link carries the thresholds that are not the default. */
export function findingsLink({ thresholds }: Findings): LinkPart {
  return {
    params: () => toParams(thresholds.value),
    open(params) {
      thresholds.value = fromParams(params);
    },
    normalize: (params) => toParams(fromParams(params)),
    defaults: {},
  };
}

function toParams(thresholds: Readonly<Record<string, number>>): Params {
  return Object.keys(thresholds).length > 0 ? { thresholds: JSON.stringify(thresholds) } : {};
}

function fromParams(params: Params): Readonly<Record<string, number>> {
  const thresholds = fromJson(params.thresholds);
  if (thresholds === null || typeof thresholds !== "object" || Array.isArray(thresholds)) return {};
  return Object.fromEntries(
    Object.entries(thresholds).filter((pair): pair is [string, number] => Number.isFinite(pair[1])),
  );
}

import { useEffect, useMemo, useRef } from "preact/hooks";
import type { Session } from "../../../session";
import { count, integer } from "../../../ui/format";
import { lineOfRun } from "../draw/colors";
import { type Curve, gapsOf, nNotPositive } from "../draw/curves";
import { marksOf } from "../draw/marks";
import { type Scalars, stepOn } from "../state/actions";
import { type ChartRuns, chartRuns, seriesKey } from "../state/state";
import type { ScalarAxis } from "../types";
import { LineChart } from "./line_chart";
import { Readout } from "./readout";

const AXIS_WORDS: Record<ScalarAxis, string> = { train_step: "training step", epoch: "epoch" };

/** One scalar: its curves of all shown runs, and their values at the cursor in words. */
export function ScalarCard({ session, scalars, tag }: { session: Session; scalars: Scalars; tag: string }) {
  const root = useRef<HTMLElement>(null);
  useSeen(root, (seen) => scalars.actions.chartSeen(tag, seen));
  const isTarget = scalars.target.value === tag;
  useEffect(() => {
    if (!isTarget) return;
    root.current?.scrollIntoView({ block: "nearest" });
    root.current?.focus({ preventScroll: true });
    scalars.actions.targetReached();
  }, [isTarget]);
  const slash = tag.indexOf("/");
  return (
    <section class="nm-scalar" ref={root} tabIndex={-1} aria-label={tag} data-testid="scalar" data-tag={tag}>
      <h3 title={tag}>{slash < 0 ? tag : tag.slice(slash + 1)}</h3>
      {scalars.wanted.value.has(tag) ? (
        <Curves session={session} scalars={scalars} tag={tag} />
      ) : (
        <div class="nm-line-chart" />
      )}
    </section>
  );
}

function Curves({ session, scalars, tag }: { session: Session; scalars: Scalars; tag: string }) {
  const theme = session.theme.value;
  const known = scalars.series.value;
  const runs = chartRuns(scalars.index.value, tag, session.runName.value, scalars.shownRuns.value);
  const { axis } = runs;
  const found = runs.drawn.flatMap((run) => known[seriesKey(run, tag)] ?? []);
  const curves = useMemo(
    () =>
      found.map((series): Curve => ({ run: series.run, series, ...lineOfRun(scalars, series.run, theme) })),
    [theme, ...padded(found)],
  );
  const marks = useMemo(
    () => marksOf(session, scalars, tag, axis),
    [session.events.all.value, session.axis.value, axis, tag, session.runName.value],
  );
  const trainStep = session.trainStep.value;
  // The embeddings' epoch may be behind: it is one that has been laid out.
  const epoch = (trainStep === null ? null : stepOn(session, "epoch", trainStep)) ?? session.epoch.value;
  const at = axis === null ? null : axis === "train_step" ? trainStep : epoch;
  const pointed = scalars.pointed.value;
  const pointedHere = pointed !== null && pointed.axis === axis ? pointed.step : null;
  return (
    <>
      <Readout
        curves={curves}
        smoothing={scalars.smoothing.value}
        step={pointedHere ?? at}
        noun={axis === "epoch" ? "epoch" : "step"}
      />
      <LineChart
        label={`${tag} over the ${axis === null ? "steps" : `${AXIS_WORDS[axis]}s`}, ${curves.length} runs`}
        curves={curves}
        smoothing={scalars.smoothing.value}
        log={scalars.log.value}
        marks={marks}
        at={at}
        pointed={pointedHere}
        theme={theme}
        onPoint={(step) => scalars.actions.scalarPointed(step === null ? null : { axis, step })}
        onChoose={(step) => scalars.actions.scalarStepChosen(axis, step)}
      />
      <Words runs={runs} curves={curves} log={scalars.log.value} />
    </>
  );
}

/** What the steps count, and what of the runs is not drawn, or not as it was logged. */
function Words({ runs, curves, log }: { runs: ChartRuns; curves: readonly Curve[]; log: boolean }) {
  const { axis, unsure, leftOut } = runs;
  const sampled = [...new Set(curves.flatMap(({ series }) => series.sampled ?? []))].join(" ");
  const gaps = gapsOf(curves);
  const nUndrawn = log ? nNotPositive(curves) : 0;
  return (
    <p class="nm-scalar-words">
      {axis === null ? "steps of its own counter" : AXIS_WORDS[axis]}
      {leftOut.map(({ axis: other, runs: names }) => (
        <span
          key={other}
          title={`Choose one of them as the run on view to see them by ${AXIS_WORDS[other]}:\n${names.join("\n")}`}
          data-testid="left-out"
        >
          {count(names.length, "run")} {names.length === 1 ? "counts" : "count"} {AXIS_WORDS[other]}s: not
          drawn
        </span>
      ))}
      {unsure.length > 0 && (
        <span
          title={`Not known whether these count training steps or epochs:\n${unsure.join("\n")}`}
          data-testid="unsure"
        >
          {count(unsure.length, "run")} of unknown unit
        </span>
      )}
      {gaps.length > 0 && (
        <span class="nm-gap-words" title={gaps.map(({ words }) => words).join("\n")} data-testid="not-finite">
          × {integer(gaps.length)} not finite
        </span>
      )}
      {nUndrawn > 0 && (
        <span title="A logarithmic axis has no place for them." data-testid="not-positive">
          {count(nUndrawn, "value")} not positive: not drawn
        </span>
      )}
      {sampled && (
        <span title={sampled} data-testid="sampled">
          sampled
          <span class="nm-hidden"> {sampled}</span>
        </span>
      )}
    </p>
  );
}

/** Hooks compare item by item; a list whose length changes needs a first item that says so. */
function padded<T>(items: readonly T[]): readonly unknown[] {
  return [items.length, ...items, ...Array.from({ length: Math.max(0, 64 - items.length) }, () => null)];
}

/** Tells whether an element is on the screen, or nearly; null when it goes. */
function useSeen(root: { current: Element | null }, tell: (seen: boolean | null) => void): void {
  useEffect(() => {
    const element = root.current;
    if (!element) return;
    const observer = new IntersectionObserver((entries) => tell(entries[entries.length - 1].isIntersecting), {
      rootMargin: "150px",
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      tell(null);
    };
  }, []);
}

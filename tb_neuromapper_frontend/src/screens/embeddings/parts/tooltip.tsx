import type { Api } from "../../../api/client";
import type { Outcomes, Run, Samples } from "../../../api/types";
import { classMark } from "../../../color/palette";
import type { Store } from "../../../session/state";
import { number, percent } from "../../../ui/format";
import { Swatch } from "../../../ui/swatch";
import { type Side, sidesOf } from "../state/outcomes";
import { SamplePicture } from "./sample_button";

const WIDTH = 240;
const HEIGHT = 190;
const GAP = 16;

/** What is known of the sample under the pointer, beside the pointer. */
export function Tooltip({ store, api }: { store: Store; api: Api }) {
  const hover = store.hover.value;
  const run = store.run.value;
  const samples = store.samples.value;
  if (!hover || !run || !samples) return null;
  const left = hover.x + GAP + WIDTH > window.innerWidth ? Math.max(0, hover.x - GAP - WIDTH) : hover.x + GAP;
  const top = Math.max(0, Math.min(hover.y + GAP, window.innerHeight - HEIGHT));
  return (
    <div
      class="nm-tooltip"
      role="tooltip"
      data-testid="tooltip"
      data-row={hover.row}
      style={{ left: `${left}px`, top: `${top}px` }}
    >
      <SampleCard store={store} api={api} run={run} samples={samples} row={hover.row} size={64} />
    </div>
  );
}

interface CardProps {
  store: Store;
  api: Api;
  run: Run;
  samples: Samples;
  row: number;
  /** The larger side of its picture, in pixels. */
  size: number;
}

/** What is known of one sample. */
export function SampleCard({ store, api, run, samples, row, size }: CardProps) {
  const description = samples.descriptions[row];
  return (
    <div class="nm-card">
      <SamplePicture {...{ store, api, run, row, size }} />
      <dl class="nm-facts">
        <dt>sample</dt>
        <dd data-testid="sample-id">{String(samples.ids[row] ?? row)}</dd>
        <LabelFact store={store} run={run} samples={samples} row={row} />
        {store.beside.value === null ? (
          <OutcomeFacts store={store} run={run} samples={samples} row={row} />
        ) : (
          sidesOf(store).map((side) => (
            <SideFacts key={side.run.name} store={store} side={side} samples={samples} row={row} />
          ))
        )}
        {Object.entries(samples.metadata).map(([column, values]) => (
          <MetadataFact key={column} column={column} value={values[row]} />
        ))}
      </dl>
      {description && <p class="nm-description">{description}</p>}
    </div>
  );
}

function MetadataFact({ column, value }: { column: string; value: unknown }) {
  return (
    <>
      <dt>{column}</dt>
      <dd data-testid={`metadata-${column}`}>{wordsOf(value)}</dd>
    </>
  );
}

function wordsOf(value: unknown): string {
  if (value === null || value === undefined) return "–";
  return typeof value === "number" && !Number.isInteger(value) ? number(value) : String(value);
}

type FactProps = Omit<CardProps, "api" | "size">;

function LabelFact({ store, run, samples, row }: FactProps) {
  if (samples.targets) {
    return (
      <>
        <dt>target</dt>
        <dd data-testid="sample-label">{number(samples.targets[row])}</dd>
      </>
    );
  }
  if (!samples.labels) return null;
  const label = samples.labels[row];
  return (
    <>
      <dt>label</dt>
      <dd data-testid="sample-label">
        <Swatch mark={classMark(label, store.theme.value)} /> {className(run, label)}
      </dd>
    </>
  );
}

function OutcomeFacts({ store, run, samples, row }: FactProps) {
  const outcomes = store.outcomes.value;
  const current = outcomes !== null && outcomes.step === store.step.value ? outcomes : null;
  if (run.outcome_steps.length === 0) return null;
  return (
    <>
      <dt>predicted</dt>
      <dd data-testid="sample-predicted">{current ? predicted(store, run, samples, current, row) : "…"}</dd>
      {(!current || current.confidence) && run.label_kind === "class" && (
        <>
          <dt title="the probability that the network gives to the sample's label, the true class">
            confidence in the label
          </dt>
          <dd data-testid="sample-confidence">
            {current?.confidence ? percent(current.confidence[row]) : "…"}
          </dd>
        </>
      )}
      <dt>loss</dt>
      <dd>{current?.loss ? number(current.loss[row]) : "…"}</dd>
    </>
  );
}

interface SideProps {
  store: Store;
  side: Side;
  samples: Samples;
  row: number;
}

/** What one of two runs predicts, and how sure it is of the true class. */
function SideFacts({ store, side, samples, row }: SideProps) {
  const { run, outcomes, isLogged } = side;
  const hasSample = outcomes !== null && isPredicted(outcomes.predicted[row]);
  const confidence = outcomes?.confidence?.[row];
  return (
    <>
      <dt
        class="nm-side-name"
        title={`predicted by ${run.name}, and the probability it gives to the true class`}
      >
        {run.name}
      </dt>
      <dd data-testid="sample-predicted" data-run={run.name}>
        {!isLogged && "not logged"}
        {isLogged && !outcomes && "…"}
        {outcomes && !hasSample && "not in this run"}
        {outcomes && hasSample && predicted(store, run, samples, outcomes, row)}
        {hasSample && confidence !== undefined && (
          <span class="nm-muted nm-nowrap"> · {percent(confidence)}</span>
        )}
      </dd>
    </>
  );
}

function isPredicted(value: number | undefined): boolean {
  return value !== undefined && value !== -1 && !Number.isNaN(value);
}

function predicted(store: Store, run: Run, samples: Samples, outcomes: Outcomes, row: number) {
  const value = outcomes.predicted[row];
  if (outcomes.predicted instanceof Float32Array) return number(value);
  const wrong = samples.labels !== null && samples.labels[row] !== value;
  return (
    <>
      <Swatch mark={classMark(value, store.theme.value)} /> {className(run, value)}
      {wrong && <span class="nm-wrong"> wrong</span>}
    </>
  );
}

function className(run: Run, label: number): string {
  if (label < 0) return "none";
  return run.class_names?.[label] ?? String(label);
}

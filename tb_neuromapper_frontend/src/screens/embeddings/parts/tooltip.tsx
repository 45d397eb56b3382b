import type { Outcomes, Run, Samples } from "../../../api/types";
import { classMark } from "../../../color/palette";
import { otherValue } from "../../../save/table";
import type { Session } from "../../../session";
import { number, percent } from "../../../ui/format";
import { Swatch } from "../../../ui/swatch";
import type { EmbeddingsApi } from "../api";
import type { Embeddings } from "../state/actions";
import { otherColumns, outcomeColumns } from "../state/outcome_columns";
import { type Side, sidesOf } from "../state/outcomes";
import { SamplePicture } from "./sample_button";

const WIDTH = 240;
const HEIGHT = 190;
const GAP = 16;

/** What is known of the sample under the pointer, beside the pointer. */
export function Tooltip({
  session,
  embeddings,
  api,
}: {
  session: Session;
  embeddings: Embeddings;
  api: EmbeddingsApi;
}) {
  const hover = embeddings.hover.value;
  const run = session.run.value;
  const samples = session.samples.value;
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
      <SampleCard
        session={session}
        embeddings={embeddings}
        api={api}
        run={run}
        samples={samples}
        row={hover.row}
        size={64}
      />
    </div>
  );
}

interface CardProps {
  session: Session;
  embeddings: Embeddings;
  api: EmbeddingsApi;
  run: Run;
  samples: Samples;
  row: number;
  /** The larger side of its picture, in pixels. */
  size: number;
}

/** What is known of one sample. */
export function SampleCard({ session, embeddings, api, run, samples, row, size }: CardProps) {
  const description = samples.descriptions[row];
  return (
    <div class="nm-card">
      <SamplePicture {...{ session, embeddings, api, run, row, size }} />
      <dl class="nm-facts">
        <dt>sample</dt>
        <dd data-testid="sample-id">{String(samples.ids[row] ?? row)}</dd>
        <LabelFact session={session} embeddings={embeddings} run={run} samples={samples} row={row} />
        {embeddings.comparedName.value === null ? (
          <OutcomeFacts session={session} embeddings={embeddings} run={run} samples={samples} row={row} />
        ) : (
          sidesOf(session, embeddings).map((side) => (
            <SideFacts
              key={side.run.name}
              session={session}
              embeddings={embeddings}
              side={side}
              samples={samples}
              row={row}
            />
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

function LabelFact({ session, run, samples, row }: FactProps) {
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
        <Swatch mark={classMark(label, session.theme.value)} /> {className(run, label)}
      </dd>
    </>
  );
}

function OutcomeFacts({ session, embeddings, run, samples, row }: FactProps) {
  const outcomes = embeddings.outcomes.value;
  const current = outcomes !== null && outcomes.step === session.epoch.value ? outcomes : null;
  const columns = outcomeColumns(run);
  return (
    <>
      {columns.includes("predicted") && (
        <>
          <dt>predicted</dt>
          <dd data-testid="sample-predicted">
            {current ? predicted(session, run, samples, current, row) : "…"}
          </dd>
        </>
      )}
      {columns.includes("confidence") && (
        <>
          <dt title="the probability that the network gives to the sample's label, the true class">
            confidence in the label
          </dt>
          <dd data-testid="sample-confidence">
            {current?.confidence ? percent(current.confidence[row]) : "…"}
          </dd>
        </>
      )}
      {columns.includes("loss") && (
        <>
          <dt>loss</dt>
          <dd>{current?.loss ? number(current.loss[row]) : "…"}</dd>
        </>
      )}
      {otherColumns(run).map((name) => (
        <MetadataFact key={name} column={name} value={current ? otherValue(current, name, row) : "…"} />
      ))}
    </>
  );
}

interface SideProps {
  session: Session;
  embeddings: Embeddings;
  side: Side;
  samples: Samples;
  row: number;
}

/** What one of two runs predicts, and how sure it is of the true class. */
function SideFacts({ session, side, samples, row }: SideProps) {
  const { run, outcomes, isLogged } = side;
  const hasSample = outcomes !== null && isPredicted(outcomes.predicted?.[row]);
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
        {outcomes && hasSample && predicted(session, run, samples, outcomes, row)}
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

function predicted(session: Session, run: Run, samples: Samples, outcomes: Outcomes, row: number) {
  if (!outcomes.predicted) return "–";
  const value = outcomes.predicted[row];
  if (outcomes.predicted instanceof Float32Array) return number(value);
  const wrong = samples.labels !== null && samples.labels[row] !== value;
  return (
    <>
      <Swatch mark={classMark(value, session.theme.value)} /> {className(run, value)}
      {wrong && <span class="nm-wrong"> wrong</span>}
    </>
  );
}

function className(run: Run, label: number): string {
  if (label < 0) return "none";
  return run.class_names?.[label] ?? String(label);
}

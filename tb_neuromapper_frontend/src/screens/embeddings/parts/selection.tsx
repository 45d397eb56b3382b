import { type ReadonlySignal, type Signal, useSignal } from "@preact/signals";
import type { Run, Samples } from "../../../api/types";
import { classMark } from "../../../color/palette";
import { Level } from "../../../render/scatter/scene";
import { download, fileName } from "../../../save/download";
import { sampleRecords, toCsv, toJson } from "../../../save/table";
import type { Session } from "../../../session";
import { rowsToText } from "../../../session/rows_text";
import {
  classCounts,
  confusions,
  inverted,
  modeOf,
  type Rows,
  rowsOfClass,
} from "../../../session/selection";
import { count, integer } from "../../../ui/format";
import { IconButton } from "../../../ui/icons";
import { Swatch } from "../../../ui/swatch";
import type { EmbeddingsApi } from "../api";
import type { Embeddings } from "../state/actions";
import type { Coloring } from "../state/colors";
import { type Side, sidesOf } from "../state/outcomes";
import type { ComparedRun } from "../state/state";
import { hasClassColors } from "./density_text";
import { SampleButton } from "./sample_button";

const MAX_THUMBNAILS = 40;
const MAX_CLASSES = 6;
const MAX_PAIRS = 4;

interface SelectionProps {
  session: Session;
  embeddings: Embeddings;
  api: EmbeddingsApi;
  coloring: ReadonlySignal<Coloring>;
  unselected: ReadonlySignal<Uint8Array>;
}

/** What is selected: how many, of which classes, what the network takes them for, and their pictures. */
export function Selection({ session, embeddings, api, coloring, unselected }: SelectionProps) {
  const run = session.run.value;
  const samples = session.samples.value;
  const rows = session.selected.value;
  if (!run || !samples) return null;
  return (
    <section class="nm-selection" aria-label="Selection" data-testid="selection" data-count={rows.length}>
      <header class="nm-selection-head">
        <p role="status" class={rows.length === 0 ? "nm-muted" : ""} data-testid="selection-words">
          {selectionText(rows, run, unselected.value)}
        </p>
        {rows.length > 0 && (
          <IconButton
            icon="close"
            label="Clear the selection (Escape)"
            onClick={session.actions.selectionCleared}
            testId="selection-clear"
          />
        )}
      </header>
      {rows.length > 0 && (
        <div class="nm-selection-body">
          <Actions
            session={session}
            embeddings={embeddings}
            unselected={unselected}
            run={run}
            samples={samples}
          />
          {rowsToText(rows) === "" && (
            <p class="nm-muted" data-testid="selection-no-link">
              Too scattered for a link; save it as CSV or JSON.
            </p>
          )}
          <ClassBars session={session} embeddings={embeddings} coloring={coloring.value} rows={rows} />
          {run.label_kind === "class" &&
            sidesOf(session, embeddings).map((side) => (
              <Confusions
                key={side.run.name}
                session={session}
                embeddings={embeddings}
                side={side}
                samples={samples}
                rows={rows}
              />
            ))}
          <div class="nm-samples">
            {[...rows.subarray(0, MAX_THUMBNAILS)].map((row) => (
              <SampleButton
                key={row}
                {...{ session, embeddings, api, run, samples, row }}
                size={22}
                testId="selected-sample"
              />
            ))}
          </div>
          {rows.length > MAX_THUMBNAILS && (
            <p class="nm-muted" data-testid="selection-more">
              and {integer(rows.length - MAX_THUMBNAILS)} more
            </p>
          )}
        </div>
      )}
    </section>
  );
}

function selectionText(rows: Rows, run: Run, levels: Uint8Array): string {
  if (rows.length === 0) return "Lasso (L) or box (B) selects";
  const hidden = rows.reduce((sum, row) => sum + (levels[row] === Level.hidden ? 1 : 0), 0);
  const all = `${integer(rows.length)} of ${integer(run.n_samples)} selected`;
  return hidden > 0 ? `${all}, ${integer(hidden)} of them not shown` : all;
}

interface ActionsProps extends Pick<SelectionProps, "session" | "embeddings" | "unselected"> {
  run: Run;
  samples: Samples;
}

function Actions({ session, embeddings, unselected, run, samples }: ActionsProps) {
  const save = (kind: "csv" | "json") => {
    const step = session.epoch.peek();
    const [own, other] = [embeddings.outcomes.peek(), embeddings.comparedOutcomes.peek()].map((outcomes) =>
      outcomes?.step === step ? outcomes : null,
    );
    const comparedName = embeddings.comparedRun.peek() && {
      run: (embeddings.comparedRun.peek() as ComparedRun).run,
      outcomes: other,
    };
    const records = sampleRecords(session.selected.peek(), run, samples, own, comparedName);
    const text =
      kind === "csv"
        ? toCsv(records, Object.keys(samples.metadata))
        : toJson(records, { run: run.name, epoch: step });
    const type = kind === "csv" ? "text/csv" : "application/json";
    download(fileName([run.name, "selection", "epoch", step], kind), new Blob([text], { type }));
  };
  return (
    <div class="nm-selection-actions">
      <button
        type="button"
        class="nm-button"
        title="Select the other samples that are shown"
        data-testid="selection-invert"
        onClick={() => session.actions.rowsSelected(inverted(session.selected.peek(), unselected.peek()))}
      >
        invert
      </button>
      <button
        type="button"
        class="nm-button"
        title="Draw the selected samples only"
        aria-pressed={session.isolated.value}
        data-testid="selection-isolate"
        onClick={session.actions.isolateToggled}
      >
        isolate
      </button>
      {(["csv", "json"] as const).map((kind) => (
        <button
          key={kind}
          type="button"
          class="nm-button"
          title={`Save the selected samples as ${kind.toUpperCase()}, with the predictions of this epoch`}
          data-testid={`selection-${kind}`}
          onClick={() => save(kind)}
        >
          {kind.toUpperCase()}
        </button>
      ))}
    </div>
  );
}

/** A bar for each class; a click selects the whole class. */
function ClassBars({
  session,
  embeddings,
  coloring,
  rows,
}: {
  session: Session;
  embeddings: Embeddings;
  coloring: Coloring;
  rows: Rows;
}) {
  const { classes, classNames } = coloring;
  const all = useSignal(false);
  if (!classes) return null;
  const counts = classCounts(rows, classes);
  const most = counts[0]?.count ?? 1;
  return (
    <ul class="nm-bars" aria-label="Classes of the selection" data-testid="selection-classes">
      {(all.value ? counts : counts.slice(0, MAX_CLASSES)).map(({ index, count: n }) => {
        const name = index < 0 ? "none" : (classNames?.[index] ?? String(index));
        return (
          <li key={index}>
            <button
              type="button"
              class="nm-button"
              title={`Select all of ${name}; shift adds them, alt takes them away`}
              data-testid={`selection-class-${index}`}
              data-count={n}
              onClick={(event) => session.actions.rowsSelected(rowsOfClass(classes, index), modeOf(event))}
            >
              <Swatch
                mark={classMark(
                  hasClassColors(session, embeddings, coloring) ? index : -1,
                  session.theme.value,
                )}
              />
              <span class="nm-class-name">{name}</span>
              <span class="nm-bar" style={{ backgroundSize: `${Math.max(2, (n / most) * 100)}% 100%` }} />
              <span class="nm-class-count">
                {integer(n)}
                <span class="nm-hidden"> selected. Select all of this class</span>
              </span>
            </button>
          </li>
        );
      })}
      <Rest
        n={counts.length - MAX_CLASSES}
        words={`and ${integer(counts.length - MAX_CLASSES)} more of the classes`}
        open={all}
        testId="selection-classes-rest"
      />
    </ul>
  );
}

interface ConfusionProps {
  session: Session;
  embeddings: Embeddings;
  side: Side;
  samples: Samples;
  rows: Rows;
}

/** Which classes a run's network mixes up among the selected, at the epoch on view. */
function Confusions({
  session,
  embeddings,
  side: { run, outcomes, isLogged },
  samples,
  rows,
}: ConfusionProps) {
  const step = session.epoch.value;
  const all = useSignal(false);
  const whose = embeddings.comparedName.value === null ? "" : `${run.name}: `;
  if (!samples.labels) return null;
  if (!isLogged) return <p class="nm-muted">{whose}predictions of this epoch: not logged</p>;
  if (!outcomes) return <p class="nm-muted">{whose}predictions: …</p>;
  const pairs = confusions(rows, samples.labels, outcomes.predicted);
  if (pairs.length === 0)
    return (
      <p class="nm-muted" data-testid="confusions" data-run={run.name}>
        {whose}all right at epoch {step}
      </p>
    );
  const name = (index: number) => run.class_names?.[index] ?? String(index);
  const wrong = pairs.reduce((sum, pair) => sum + pair.rows.length, 0);
  return (
    <div data-testid="confusions" data-run={run.name}>
      <p class="nm-muted">
        {whose}
        {integer(wrong)} wrong at epoch {step}
      </p>
      <ul class="nm-pairs" aria-label="Most confused classes, true and predicted">
        {(all.value ? pairs : pairs.slice(0, MAX_PAIRS)).map((pair) => (
          <li key={`${pair.label}>${pair.predicted}`}>
            <button
              type="button"
              class="nm-button"
              title="Select these; shift adds them, alt takes them away"
              data-testid="confusion"
              onClick={(event) => session.actions.rowsSelected(pair.rows, modeOf(event))}
            >
              <span class="nm-class-name">
                {name(pair.label)} → {name(pair.predicted)}
              </span>
              <span class="nm-class-count">{integer(pair.rows.length)}</span>
            </button>
          </li>
        ))}
        <Rest
          n={pairs.length - MAX_PAIRS}
          words={`and ${count(pairs.length - MAX_PAIRS, "more pair")}`}
          open={all}
          testId="confusions-rest"
        />
      </ul>
    </div>
  );
}

interface RestProps {
  /** How many are not among the first. */
  n: number;
  words: string;
  open: Signal<boolean>;
  testId: string;
}

/** The last entry of a list that begins short: shows the rest of it, or the first ones only. */
function Rest({ n, words, open, testId }: RestProps) {
  if (n <= 0) return null;
  return (
    <li>
      <button
        type="button"
        class="nm-button nm-muted"
        aria-expanded={open.value}
        data-testid={testId}
        onClick={() => {
          open.value = !open.value;
        }}
      >
        {open.value ? "fewer" : words}
      </button>
    </li>
  );
}

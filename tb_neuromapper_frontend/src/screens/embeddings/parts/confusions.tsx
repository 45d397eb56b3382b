import { useSignal } from "@preact/signals";
import type { Samples } from "../../../api/types";
import type { Session } from "../../../session";
import { confusions, modeOf, type Rows } from "../../../session/selection";
import { count, integer } from "../../../ui/format";
import type { Embeddings } from "../state/actions";
import { outcomeColumns } from "../state/outcome_columns";
import type { Side } from "../state/outcomes";
import { RestEntry } from "./rest_entry";

const MAX_PAIRS = 4;

interface ConfusionsProps {
  session: Session;
  embeddings: Embeddings;
  side: Side;
  samples: Samples;
  rows: Rows;
}

/** Which classes a run's network mixes up among the selected, at the epoch on view. */
export function Confusions({
  session,
  embeddings,
  side: { run, outcomes, isLogged },
  samples,
  rows,
}: ConfusionsProps) {
  const step = session.epoch.value;
  const all = useSignal(false);
  const whose = embeddings.comparedName.value === null ? "" : `${run.name}: `;
  if (!samples.labels || !outcomeColumns(run).includes("predicted")) return null;
  if (!isLogged) return <p class="nm-muted">{whose}predictions of this epoch: not logged</p>;
  if (!outcomes) return <p class="nm-muted">{whose}predictions: …</p>;
  if (!outcomes.predicted) return null;
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
        <RestEntry
          n={pairs.length - MAX_PAIRS}
          words={`and ${count(pairs.length - MAX_PAIRS, "more pair")}`}
          open={all}
          testId="confusions-rest"
        />
      </ul>
    </div>
  );
}

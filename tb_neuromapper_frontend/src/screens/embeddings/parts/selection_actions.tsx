import type { ReadonlySignal } from "@preact/signals";
import type { Run, Samples } from "../../../api/types";
import { download, fileName } from "../../../save/download";
import { sampleRecords, toCsv, toJson } from "../../../save/table";
import type { Session } from "../../../session";
import { inverted } from "../../../session/selection";
import type { Embeddings } from "../state/actions";

interface SelectionActionsProps {
  session: Session;
  embeddings: Embeddings;
  unselected: ReadonlySignal<Uint8Array>;
  run: Run;
  samples: Samples;
}

/** Inverts the selection, draws it alone, saves it as a table. */
export function SelectionActions(props: SelectionActionsProps) {
  const { session, unselected } = props;
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
          onClick={() => save(props, kind)}
        >
          {kind.toUpperCase()}
        </button>
      ))}
    </div>
  );
}

/** The selected samples with the predictions of the epoch on view, of the run beside as well. */
function save({ session, embeddings, run, samples }: SelectionActionsProps, kind: "csv" | "json"): void {
  const step = session.epoch.peek();
  const [own, other] = [embeddings.outcomes.peek(), embeddings.comparedOutcomes.peek()].map((outcomes) =>
    outcomes?.step === step ? outcomes : null,
  );
  const compared = embeddings.comparedRun.peek();
  const beside = compared && { run: compared.run, outcomes: other };
  const records = sampleRecords(session.selected.peek(), run, samples, own, beside);
  const text =
    kind === "csv"
      ? toCsv(records, Object.keys(samples.metadata))
      : toJson(records, { run: run.name, epoch: step });
  const type = kind === "csv" ? "text/csv" : "application/json";
  download(fileName([run.name, "selection", "epoch", step], kind), new Blob([text], { type }));
}

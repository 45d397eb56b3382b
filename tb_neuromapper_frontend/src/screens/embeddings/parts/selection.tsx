import type { ReadonlySignal } from "@preact/signals";
import type { Run, Samples } from "../../../api/types";
import { Level } from "../../../render/scatter/scene";
import type { Session } from "../../../session";
import { rowsToText } from "../../../session/rows_text";
import type { Rows } from "../../../session/selection";
import { integer } from "../../../ui/format";
import { IconButton } from "../../../ui/icons";
import type { EmbeddingsApi } from "../api";
import type { Embeddings } from "../state/actions";
import type { Coloring } from "../state/colors";
import { sidesOf } from "../state/outcomes";
import { ClassBars } from "./class_bars";
import { Confusions } from "./confusions";
import { SampleButton } from "./sample_button";
import { SelectionActions } from "./selection_actions";

const MAX_THUMBNAILS = 40;

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
          <SelectionActions
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
          <SelectedSamples {...{ session, embeddings, api, run, samples, rows }} />
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

interface SelectedSamplesProps extends Pick<SelectionProps, "session" | "embeddings" | "api"> {
  run: Run;
  samples: Samples;
  rows: Rows;
}

function SelectedSamples({ rows, ...props }: SelectedSamplesProps) {
  return (
    <>
      <div class="nm-samples">
        {[...rows.subarray(0, MAX_THUMBNAILS)].map((row) => (
          <SampleButton key={row} {...props} row={row} size={22} testId="selected-sample" />
        ))}
      </div>
      {rows.length > MAX_THUMBNAILS && (
        <p class="nm-muted" data-testid="selection-more">
          and {integer(rows.length - MAX_THUMBNAILS)} more
        </p>
      )}
    </>
  );
}

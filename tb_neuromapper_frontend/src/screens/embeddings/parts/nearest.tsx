import type { Run, Samples } from "../../../api/types";
import type { Session } from "../../../session";
import { number } from "../../../ui/format";
import type { EmbeddingsApi } from "../api";
import type { Embeddings } from "../state/actions";
import type { NearestInBlock } from "../state/state";
import { SampleButton } from "./sample_button";

interface NearestProps {
  session: Session;
  embeddings: Embeddings;
  api: EmbeddingsApi;
}

/** The pinned sample's nearest in each block's own activations, whatever the picture shows. */
export function Nearest({ session, embeddings, api }: NearestProps) {
  const run = session.run.value;
  const samples = session.samples.value;
  const row = session.pinned.value;
  const nearest = embeddings.nearest.value;
  if (!run || !samples || row === null || row >= run.n_samples) return null;
  if (session.runs.value?.exported?.n_neighbors === 0) {
    return <p class="nm-muted">The nearest samples are not in this exported page.</p>;
  }
  const known = nearest?.run === run.name && nearest.row === row ? nearest : null;
  return (
    <section
      class="nm-nearest"
      aria-label="Nearest samples"
      data-testid="nearest"
      data-row={known ? row : ""}
      data-step={known?.step ?? ""}
    >
      <p class="nm-muted" title="Compared in the logged activations, not in the picture">
        nearest in the activations{known && known.step !== session.epoch.value ? `, epoch ${known.step}` : ""}
      </p>
      {known?.blocks.map((each) => (
        <NearestRow key={each.block} {...{ session, embeddings, api, run, samples, row, each }} />
      ))}
      {!known && <p class="nm-muted">…</p>}
    </section>
  );
}

interface RowProps extends NearestProps {
  run: Run;
  samples: Samples;
  row: number;
  each: NearestInBlock;
}

function NearestRow({ session, embeddings, api, run, samples, row, each }: RowProps) {
  const { block, metric, found, error } = each;
  const rows = found?.rows ?? [];
  const labels = samples.labels;
  const others = labels ? rows.filter((other) => labels[other] !== labels[row]).length : 0;
  return (
    <div class="nm-nearest-block" data-testid="nearest-block" data-block={block}>
      <h3 title={`${block}, ${metric} distance`}>{block}</h3>
      {others > 0 && (
        <span class="nm-muted" title={`${others} of these are of another class than the pinned sample`}>
          {others} differ
        </span>
      )}
      {rows.length > 0 && (
        <button
          type="button"
          class="nm-button"
          aria-label={`Select sample and its nearest in ${block}`}
          data-testid="select-nearest"
          onClick={() => session.actions.rowsSelected([row, ...rows])}
        >
          select
        </button>
      )}
      {error && <p class="nm-error">{error}</p>}
      <div class="nm-samples">
        {rows.map((other, place) => (
          <SampleButton
            key={other}
            {...{ session, embeddings, api, run, samples }}
            row={other}
            size={17}
            words={`at ${number(found?.distances[place] ?? Number.NaN)}`}
            marked={labels !== null && labels[other] !== labels[row]}
            testId="neighbor"
          />
        ))}
      </div>
    </div>
  );
}

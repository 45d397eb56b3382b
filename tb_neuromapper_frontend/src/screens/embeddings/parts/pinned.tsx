import { useSignal } from "@preact/signals";
import type { Samples } from "../../../api/types";
import type { Session } from "../../../session";
import { IconButton } from "../../../ui/icons";
import type { EmbeddingsApi } from "../api";
import type { Embeddings } from "../state/actions";
import { SampleCard } from "./tooltip";

/** The row of the sample with this id, spaces and case apart; -1 without. */
export function rowOfId(samples: Samples, text: string): number {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return -1;
  return samples.ids.findIndex((id) => String(id).toLowerCase() === wanted);
}

/** The sample that was clicked at or searched for: it stays marked in all views. */
export function Pinned({
  session,
  embeddings,
  api,
}: {
  session: Session;
  embeddings: Embeddings;
  api: EmbeddingsApi;
}) {
  const run = session.run.value;
  const samples = session.samples.value;
  const row = session.pinned.value;
  if (!run || !samples || row === null || row >= run.n_samples) return null;
  return (
    <section class="nm-pinned" aria-label="Pinned sample" data-testid="pinned" data-row={row}>
      <SampleCard
        session={session}
        embeddings={embeddings}
        api={api}
        run={run}
        samples={samples}
        row={row}
        size={48}
      />
      <IconButton
        icon="close"
        label="Unpin the sample"
        onClick={() => session.actions.pinToggled(null)}
        testId="unpin"
      />
    </section>
  );
}

export function SampleSearch({ session }: { session: Session }) {
  const missing = useSignal("");
  const samples = session.samples.value;
  if (!samples) return null;
  const search = (text: string) => {
    const row = rowOfId(samples, text);
    missing.value = row < 0 && text.trim() !== "" ? `No sample is called ${text.trim()}.` : "";
    if (row >= 0 && row !== session.pinned.peek()) session.actions.pinToggled(row);
  };
  return (
    <form
      class="nm-sample-search"
      onSubmit={(event) => {
        event.preventDefault();
        search(String(new FormData(event.currentTarget).get("id") ?? ""));
      }}
    >
      <input
        type="search"
        name="id"
        class="nm-search"
        placeholder="find a sample by its id"
        aria-label="Find a sample by its id"
        autocomplete="off"
        data-testid="sample-search"
      />
      <p class="nm-error nm-missing" role="status" data-testid="sample-missing">
        {missing.value}
      </p>
    </form>
  );
}

import type { SampleId } from "../../../api/types";
import type { Session } from "../../../session";
import { reporting, syncLoaded } from "../../../session/load";
import type { EmbeddingsApi } from "../api";
import type { Embeddings } from "./actions";
import type { ComparedRun } from "./state";

/** Asks what is known of the run that is shown beside the first, again whenever it has grown. */
export function syncComparedRun(session: Session, embeddings: Embeddings, api: EmbeddingsApi): () => void {
  return syncLoaded<ComparedRun>(
    () => {
      const name = embeddings.comparedName.value;
      const samples = session.samples.value;
      const summary = session.runs.value?.runs.find((each) => each.name === name);
      if (name === null) return null;
      if (!samples || session.connection.value.state !== "ok" || !summary) return undefined;
      const load = async () => {
        const [run, others] = await Promise.all([api.run(name), api.samples(name)]);
        return { run, rows: rowsById(samples.ids, others.ids) };
      };
      return {
        key: JSON.stringify([session.runName.value, session.run.value?.probe_version, summary]),
        load,
      };
    },
    {
      arrived: (other) => embeddings.actions.comparedRunLoaded(other.run.name, other),
      failed: reporting(session.actions.failed),
      nKept: 1,
    },
  );
}

/** For each of the ids its row among the others, -1 without. */
export function rowsById(ids: readonly SampleId[], others: readonly SampleId[]): Int32Array {
  const rows = new Map(others.map((id, row) => [id, row]));
  return Int32Array.from(ids, (id) => rows.get(id) ?? -1);
}

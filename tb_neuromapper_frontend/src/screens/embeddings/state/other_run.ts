import { effect } from "@preact/signals";
import type { Api } from "../../../api/client";
import { asApiError } from "../../../api/errors";
import type { Run, SampleId } from "../../../api/types";
import type { Store } from "../../../session/state";

/** The run beside the first. */
export interface Other {
  run: Run;
  /** For each row of the first run the row of the same sample here, -1 without. */
  rows: Int32Array;
}

/** Asks what is known of the run that is shown beside the first, again whenever it has grown. */
export function keepOther(store: Store, api: Api): () => void {
  let asked = "";
  const ask = async (name: string, key: string, ids: readonly SampleId[]) => {
    try {
      const [run, samples] = await Promise.all([api.run(name), api.samples(name)]);
      if (key === asked) store.actions.otherLoaded(name, { run, rows: rowsById(ids, samples.ids) });
    } catch (caught) {
      if (key === asked) asked = "";
      const error = asApiError(caught);
      if (error.kind !== "offline") store.actions.failed(error.message);
    }
  };
  return effect(() => {
    const name = store.beside.value;
    const samples = store.samples.value;
    const summary = store.runs.value?.runs.find((each) => each.name === name);
    const isThere = store.connection.value.state === "ok" && summary !== undefined;
    if (name === null) asked = "";
    if (name === null || !samples || !isThere) return;
    const key = JSON.stringify([store.runName.value, store.run.value?.probe_version, summary]);
    if (key === asked) return;
    asked = key;
    void ask(name, key, samples.ids);
  });
}

/** For each of the ids its row among the others, -1 without. */
export function rowsById(ids: readonly SampleId[], others: readonly SampleId[]): Int32Array {
  const rows = new Map(others.map((id, row) => [id, row]));
  return Int32Array.from(ids, (id) => rows.get(id) ?? -1);
}

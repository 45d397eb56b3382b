import { batch } from "@preact/signals";
import { combine, NO_ROWS, type Rows, type SelectMode } from "./selection";
import type { SessionState } from "./state";

export function selectionActions(state: SessionState) {
  const set = (rows: Rows) => {
    batch(() => {
      state.selected.value = rows;
      if (rows.length === 0) state.isolated.value = false;
    });
  };
  return {
    /** Samples, by row in any order, become the selection, join it or leave it. */
    rowsSelected(rows: Iterable<number>, mode: SelectMode = "replace") {
      const n = state.run.peek()?.n_samples ?? 0;
      const known = Uint32Array.from(rows).filter((row) => row < n);
      set(combine(state.selected.peek(), known, mode));
    },
    selectionCleared() {
      set(NO_ROWS);
    },
    /** Only the selected samples are drawn, or all again. */
    isolateToggled() {
      state.isolated.value = !state.isolated.peek() && state.selected.peek().length > 0;
    },
    /** The sample stays marked; again, or null: no sample is. */
    pinToggled(row: number | null) {
      state.pinned.value = row === state.pinned.peek() ? null : row;
    },
  };
}

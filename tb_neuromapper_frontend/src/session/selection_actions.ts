import { batch } from "@preact/signals";
import type { NearestSamples } from "../screens/embeddings/state/nearest";
import { combine, NO_ROWS, type Rows, type SelectMode, type Tool } from "./selection";
import type { State } from "./state";

export function selectionActions(state: State) {
  const set = (rows: Rows) => {
    batch(() => {
      state.selected.value = rows;
      if (rows.length === 0) state.isolated.value = false;
    });
  };
  return {
    /** Again: back to panning. */
    toolChosen(tool: Tool) {
      state.tool.value = tool === state.tool.peek() ? "pan" : tool;
    },
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
    /** First back to panning, then to all views, then to no selection. */
    escaped() {
      if (state.tool.peek() !== "pan") state.tool.value = "pan";
      else if (state.enlarged.peek() !== null) state.enlarged.value = null;
      else set(NO_ROWS);
    },
    nearestLoaded(nearest: NearestSamples | null) {
      state.nearest.value = nearest;
    },
  };
}

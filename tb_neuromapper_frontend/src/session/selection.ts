import { Level } from "../render/scatter/scene";

/** How rows change a selection. */
export type SelectMode = "replace" | "add" | "subtract";

/** Shift adds, alt takes away. */
export function modeOf({ shiftKey, altKey }: { shiftKey: boolean; altKey: boolean }): SelectMode {
  return altKey ? "subtract" : shiftKey ? "add" : "replace";
}

/** Sorted rows, each once. */
export type Rows = Uint32Array;

export const NO_ROWS: Rows = new Uint32Array(0);

/** The selection after `rows` (in any order) were added to it, taken from it or put in its place. */
export function combine(before: Rows, rows: Iterable<number>, mode: SelectMode): Rows {
  const change = Uint32Array.from(rows).sort();
  if (mode === "subtract") {
    const gone = new Set(change);
    return before.filter((row) => !gone.has(row));
  }
  return merge(mode === "add" ? before : NO_ROWS, change);
}

function merge(a: Rows, b: Rows): Rows {
  const merged = new Uint32Array(a.length + b.length);
  let n = 0;
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    const row = j >= b.length || (i < a.length && a[i] <= b[j]) ? a[i++] : b[j++];
    if (n === 0 || merged[n - 1] !== row) merged[n++] = row;
  }
  return merged.slice(0, n);
}

/** The rows of a class. */
export function rowsOfClass(classes: Int32Array, index: number): Rows {
  const rows: number[] = [];
  for (let row = 0; row < classes.length; row++) if (classes[row] === index) rows.push(row);
  return Uint32Array.from(rows);
}

/** What was not selected and is not hidden. */
export function inverted(selected: Rows, levels: Uint8Array): Rows {
  const left = Uint8Array.from(levels, (level) => (level === Level.hidden ? 0 : 1));
  for (const row of selected) left[row] = 0;
  return rowsOfClass(Int32Array.from(left), 1);
}

/** Other samples than the selected are grey, or gone if the selection is isolated. */
export function withSelection(levels: Uint8Array, selected: Rows, isolated: boolean): Uint8Array {
  if (selected.length === 0) return levels;
  const other = isolated ? Level.hidden : Level.gray;
  const changed = levels.map((level) => (level === Level.hidden ? level : other));
  for (const row of selected) if (row < levels.length) changed[row] = levels[row];
  return changed;
}

export interface ClassCount {
  index: number;
  count: number;
}

/** How many of the rows are of each class, most first; -1 is "no class". */
export function classCounts(rows: Rows, classes: Int32Array): ClassCount[] {
  const counts = new Map<number, number>();
  for (const row of rows) counts.set(classes[row], (counts.get(classes[row]) ?? 0) + 1);
  return [...counts]
    .map(([index, count]) => ({ index, count }))
    .sort((a, b) => b.count - a.count || a.index - b.index);
}

/** Samples of one class that the network takes for another. */
export interface Confusion {
  label: number;
  predicted: number;
  rows: number[];
}

/** The wrong predictions among the rows by pair of classes, the most frequent first. */
export function confusions(rows: Rows, labels: Int32Array, predicted: ArrayLike<number>): Confusion[] {
  const pairs = new Map<string, Confusion>();
  for (const row of rows) {
    const [label, taken] = [labels[row], predicted[row]];
    if (label < 0 || taken < 0 || label === taken) continue;
    const pair = pairs.get(`${label}>${taken}`) ?? { label, predicted: taken, rows: [] };
    pair.rows.push(row);
    pairs.set(`${label}>${taken}`, pair);
  }
  return [...pairs.values()].sort((a, b) => b.rows.length - a.rows.length || a.label - b.label);
}

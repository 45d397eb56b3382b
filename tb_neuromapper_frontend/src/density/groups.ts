/** Rows by group: those of group g are `rows` from `starts[g]` to `starts[g + 1]`, ascending. */
export interface Groups {
  rows: Uint32Array;
  starts: Uint32Array;
  /** The class of each group, the largest group first. */
  classes: Int32Array;
}

/** All shown rows in one group. */
export function oneGroup(shown: Uint8Array): Groups {
  let n = 0;
  const rows = new Uint32Array(shown.length);
  for (let row = 0; row < shown.length; row++) if (shown[row] !== 0) rows[n++] = row;
  return { rows: rows.subarray(0, n), starts: Uint32Array.from([0, n]), classes: Int32Array.from([-1]) };
}

/** A group for each of the `most` largest classes of shown rows; rows without a class are in none. */
export function groupsByClass(shown: Uint8Array, classes: Int32Array, most: number): Groups {
  const counts = new Map<number, number>();
  const n = Math.min(shown.length, classes.length);
  for (let row = 0; row < n; row++) {
    if (shown[row] !== 0 && classes[row] >= 0) counts.set(classes[row], (counts.get(classes[row]) ?? 0) + 1);
  }
  const largest = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, most);
  const starts = new Uint32Array(largest.length + 1);
  for (const [group, [, count]] of largest.entries()) starts[group + 1] = starts[group] + count;
  const next = new Map(largest.map(([index], group) => [index, starts[group]]));
  const rows = new Uint32Array(starts[largest.length]);
  for (let row = 0; row < n; row++) {
    const at = shown[row] === 0 ? undefined : next.get(classes[row]);
    if (at === undefined) continue;
    rows[at] = row;
    next.set(classes[row], at + 1);
  }
  return { rows, starts, classes: Int32Array.from(largest, ([index]) => index) };
}

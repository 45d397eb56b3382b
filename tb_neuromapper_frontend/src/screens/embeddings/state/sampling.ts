/** Which of the samples are drawn, the same ones in every view. */
export interface Sampling {
  /** How many; null: all. */
  size: number | null;
  seed: number;
  /** As many of each class as its share of all. */
  stratified: boolean;
}

export const ALL_SAMPLES: Sampling = { size: null, seed: 0, stratified: false };

/**
 * Which rows are drawn: 1 or 0 for each.
 *
 * A larger sample with the same seed holds the smaller one, unless it is stratified; then each class' part does.
 */
export function sampleRows(n: number, classes: Int32Array | null, sampling: Sampling): Uint8Array {
  const chosen = new Uint8Array(n);
  const size = Math.min(n, sampling.size ?? n);
  if (size === n) return chosen.fill(1);
  const order = shuffled(n, sampling.seed);
  if (!sampling.stratified || !classes) {
    for (const row of order.subarray(0, size)) chosen[row] = 1;
    return chosen;
  }
  const left = shares(classes, n, size);
  for (const row of order) {
    const rest = left.get(classes[row]) ?? 0;
    if (rest === 0) continue;
    chosen[row] = 1;
    left.set(classes[row], rest - 1);
  }
  return chosen;
}

/** How many rows of each class, `size` in all: whole parts first, then the largest remainders. */
function shares(classes: Int32Array, n: number, size: number): Map<number, number> {
  const counts = new Map<number, number>();
  for (const label of classes) counts.set(label, (counts.get(label) ?? 0) + 1);
  const exact = [...counts].map(([label, count]) => ({ label, share: (count * size) / n }));
  const parts = new Map(exact.map(({ label, share }) => [label, Math.floor(share)]));
  let rest = size - [...parts.values()].reduce((sum, part) => sum + part, 0);
  exact.sort((a, b) => (b.share % 1) - (a.share % 1) || a.label - b.label);
  for (const { label } of exact) {
    if (rest <= 0) break;
    parts.set(label, (parts.get(label) ?? 0) + 1);
    rest -= 1;
  }
  return parts;
}

/** The rows 0..n-1 in an order that the seed determines (Fisher-Yates). */
function shuffled(n: number, seed: number): Uint32Array {
  const rows = Uint32Array.from({ length: n }, (_, row) => row);
  const next = randomNumbers(seed);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    const row = rows[i];
    rows[i] = rows[j];
    rows[j] = row;
  }
  return rows;
}

/** Numbers in 0..1 from a 32-bit counter mixed by two multiplications. */
function randomNumbers(seed: number): () => number {
  let counter = seed >>> 0;
  return () => {
    counter = (counter + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(counter ^ (counter >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}

/** The sorted steps that occur in any of the lists. */
export function unionOfSteps(lists: readonly (readonly number[])[]): number[] {
  return [...new Set(lists.flat())].sort((a, b) => a - b);
}

/** The index of the step nearest to `step` in sorted `steps`; the smaller of two as near; -1 without any. */
export function indexOfStep(steps: readonly number[], step: number): number {
  if (steps.length === 0) return -1;
  let [low, high] = [0, steps.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle] < step) low = middle + 1;
    else high = middle;
  }
  return low > 0 && step - steps[low - 1] <= Math.abs(steps[low] - step) ? low - 1 : low;
}

export interface Cursor {
  /** Indices of the two slices, and how far it is from one to the other, 0..1. */
  from: number;
  to: number;
  mix: number;
}

/**
 * The two slices to mix at the fractional index `at`, of those that are `loaded`: the nearest before and after.
 *
 * @returns null if nothing is loaded.
 */
export function slicesAt(at: number, n: number, loaded: (index: number) => boolean): Cursor | null {
  let from = Math.min(n - 1, Math.floor(at));
  while (from >= 0 && !loaded(from)) from -= 1;
  let to = Math.max(0, Math.ceil(at));
  while (to < n && !loaded(to)) to += 1;
  if (from < 0 && to >= n) return null;
  if (from < 0) return { from: to, to, mix: 0 };
  if (to >= n || from === to) return { from, to: from, mix: 0 };
  return { from, to, mix: ease((at - from) / (to - from)) };
}

/** Starts and ends softly, so that the eye can rest at an epoch. */
export function ease(t: number): number {
  return t * t * (3 - 2 * t);
}

const [LEAST_LINES, MOST_LINES] = [1000, 50_000];
/** A frame that took longer than the second draws fewer lines next time, one shorter than the first more. */
const [SHORT_MS, LONG_MS] = [25, 50];
/** Longer than that the page was not visible, or busy with something else. */
const PAUSE_MS = 1000;

/** How many lines a frame may draw: as many as leave it short. */
export interface LinePacing {
  /** The number of lines for the frame that begins now. */
  begin(nowMs: number): number;
  /** The frame that began then draws lines, so that the time until the next one tells what they cost. */
  drew(beganMs: number): void;
}

export function createLinePacing(): LinePacing {
  let nLines = 4000;
  let drewAtMs = Number.NEGATIVE_INFINITY;
  return {
    begin(nowMs) {
      const tookMs = nowMs - drewAtMs;
      drewAtMs = Number.NEGATIVE_INFINITY;
      if (tookMs > LONG_MS && tookMs < PAUSE_MS) nLines = Math.max(LEAST_LINES, nLines / 2);
      else if (tookMs < SHORT_MS) nLines = Math.min(MOST_LINES, nLines * 2);
      return nLines;
    },
    drew(beganMs) {
      drewAtMs = beganMs;
    },
  };
}

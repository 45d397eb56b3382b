import { batch, type ReadonlySignal } from "@preact/signals";
import type { SessionState } from "./state";
import { indexOfStep } from "./steps";

/** What moves a cursor through a sorted list of steps. */
export interface CursorMoves {
  choose(step: number): void;
  previous(): void;
  next(): void;
  first(): void;
  last(): void;
  /** Plays from here; from the first step if this is the last. */
  togglePlaying(): void;
}

/** @param go Moves the cursor to a step. Whoever moves it by hand ends the playing. */
export function cursorMoves(
  { playing }: SessionState,
  steps: ReadonlySignal<readonly number[]>,
  at: ReadonlySignal<number | null>,
  go: (step: number) => void,
): CursorMoves {
  const index = () => indexOfStep(steps.peek(), at.peek() ?? 0);
  const last = () => steps.peek().length - 1;
  const goToIndex = (wanted: number) => {
    if (last() >= 0) go(steps.peek()[Math.min(last(), Math.max(0, wanted))]);
  };
  const byHand = (move: () => void) => {
    batch(() => {
      playing.value = false;
      move();
    });
  };
  return {
    choose: (step) => byHand(() => go(step)),
    previous: () => byHand(() => goToIndex(index() - 1)),
    next: () => byHand(() => goToIndex(index() + 1)),
    first: () => byHand(() => goToIndex(0)),
    last: () => byHand(() => goToIndex(last())),
    togglePlaying() {
      batch(() => {
        const starting = !playing.peek() && last() > 0;
        if (starting && index() === last()) goToIndex(0);
        playing.value = starting;
      });
    },
  };
}

/** The keys of a video player. */
export function cursorKeys({
  previous,
  next,
  first,
  last,
}: CursorMoves): Readonly<Record<string, () => void>> {
  return { ArrowLeft: previous, ArrowRight: next, Home: first, End: last };
}

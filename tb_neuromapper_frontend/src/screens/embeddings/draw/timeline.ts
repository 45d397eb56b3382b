import { effect } from "@preact/signals";
import type { Session } from "../../../session";
import { indexOfStep } from "../../../session/steps";
import type { Embeddings } from "../state/actions";
import { createClock } from "../state/clock";
import type { PositionCache } from "../state/positions";
import { blockOf } from "../state/run_pair";

/** Ties the clock to the session: where it should go, how fast, and when it has come to an epoch. */
export interface Timeline {
  /** The fractional index into the steps that is on the screen. */
  at(): number;
  /** Goes on by some seconds; returns whether it is on its way. */
  advance(elapsedS: number): boolean;
  /** It stands at the session's epoch, and that epoch's newest positions are there. */
  arrived(): boolean;
  dispose(): void;
}

/** @param jump whether motion is unwanted. */
export function createTimeline(
  session: Session,
  embeddings: Embeddings,
  cache: PositionCache,
  jump: () => boolean,
): Timeline {
  const clock = createClock();
  let steps: readonly number[] = [];
  let shownRun: string | null = null;
  const dispose = effect(() => {
    const next = session.epochs.value;
    const run = session.runName.peek();
    if (next.length > 0) {
      const step = steps[Math.round(clock.at)] ?? next[next.length - 1];
      const grown = steps.length > 0 && steps.every((each, index) => next[index] === each);
      if (shownRun !== run) clock.remap(indexOfStep(next, session.epoch.peek() ?? step));
      else if (!grown) clock.remap(indexOfStep(next, step));
      shownRun = run;
    }
    steps = next;
  });
  const viewed = () =>
    embeddings.projections.peek().filter(({ block }) => embeddings.views.peek().includes(blockOf(block)));
  const everyView = (index: number, has: (id: string, step: number) => boolean) =>
    viewed().every(({ id, steps: own }) => !own.includes(steps[index]) || has(id, steps[index]));
  const isLoaded = (index: number) => everyView(index, (id, step) => cache.peek(id, step) !== undefined);
  const isNewest = (index: number) =>
    viewed().every((projection) => {
      const place = projection.steps.indexOf(steps[index]);
      return place < 0 || cache.isCurrent(projection, place);
    });
  const target = () => indexOfStep(steps, session.epoch.peek() ?? 0);

  const play = (elapsedS: number) => {
    // Playing starts where the session says, for instance at the first epoch after the last.
    if (Math.abs(clock.at - target()) > 1) clock.moveTo(target(), true);
    const next = Math.min(steps.length - 1, Math.floor(clock.at) + 1);
    clock.advance(elapsedS, session.speed.peek(), isLoaded(next) ? next : Math.floor(clock.at));
    if (clock.at >= steps.length - 1) {
      if (session.loop.peek()) clock.moveTo(0, true);
      else session.actions.playEnded();
    }
    session.actions.playedTo(steps[jump() ? Math.floor(clock.at) : Math.round(clock.at)]);
    return true;
  };
  const move = (elapsedS: number) => {
    const index = target();
    if (clock.at !== index && isLoaded(index)) clock.moveTo(index, jump());
    clock.advance(elapsedS, 0, index);
    return clock.moving;
  };
  return {
    at: () => (jump() ? Math.floor(clock.at) : clock.at),
    advance(elapsedS) {
      if (steps.length === 0) return false;
      cache.want(viewed(), session.epoch.peek() ?? 0);
      return session.playing.peek() ? play(elapsedS) : move(elapsedS);
    },
    arrived: () =>
      steps.length > 0 &&
      !session.playing.peek() &&
      clock.at === target() &&
      isLoaded(target()) &&
      isNewest(target()),
    dispose,
  };
}

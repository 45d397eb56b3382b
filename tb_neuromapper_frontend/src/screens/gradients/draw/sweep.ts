/** The gradient's way from the output (0) to the input (1), through one step after the other. */
export interface Sweep {
  /** The step whose values the front leaves behind, and the one that was there before; null: none. */
  readonly coming: number | null;
  readonly going: number | null;
  /** 0: it starts at the output; 1: it has reached the input. */
  readonly progress: number;
  readonly active: boolean;
  /**
   * Goes on to a step.
   *
   * @param how "travel": at once, from what is shown; "queue": after the pass that is under way; "jump": without a pass.
   */
  goTo(step: number, how: "travel" | "queue" | "jump"): void;
  /** Through the same step again. */
  replay(): void;
  advance(elapsedS: number, passS: number): void;
  forget(): void;
}

export function createSweep(): Sweep {
  let coming: number | null = null;
  let going: number | null = null;
  let queued: number | null = null;
  let progress = 1;
  const begin = (step: number) => {
    going = coming;
    coming = step;
    progress = 0;
  };
  return {
    get coming() {
      return coming;
    },
    get going() {
      return going;
    },
    get progress() {
      return progress;
    },
    get active() {
      return progress < 1;
    },
    goTo(step, how) {
      if (step === coming) queued = null;
      else if (how === "queue" && progress < 1) queued = step;
      else {
        queued = null;
        begin(step);
        if (how === "jump") {
          progress = 1;
          going = null;
        }
      }
    },
    replay() {
      if (coming === null) return;
      going = null;
      progress = 0;
    },
    advance(elapsedS, passS) {
      if (progress >= 1) return;
      progress = Math.min(1, progress + elapsedS / passS);
      if (progress < 1) return;
      going = null;
      if (queued !== null) begin(queued);
      queued = null;
    },
    forget() {
      coming = null;
      going = null;
      queued = null;
      progress = 1;
    },
  };
}

/** Moves a fractional index along the epochs: towards a chosen epoch, or steadily while playing. */
export interface Clock {
  /** Where the picture is, as an index into the steps. */
  readonly at: number;
  readonly moving: boolean;
  /** Moves to an index in a short time; at once if `jump`. */
  moveTo(index: number, jump: boolean): void;
  /** The steps changed: the same place has another index now. */
  remap(index: number): void;
  /** Goes on by `elapsed_s`; playing at `epochsPerS` if that is not 0. `limit` is the last index it may reach. */
  advance(elapsedS: number, epochsPerS: number, limit: number): void;
}

const MOVE_S = 0.45;

export function createClock(): Clock {
  let at = 0;
  let move: { from: number; to: number; elapsedS: number } | null = null;
  return {
    get at() {
      return at;
    },
    get moving() {
      return move !== null;
    },
    moveTo(index, jump) {
      if (jump || index === at) {
        at = index;
        move = null;
      } else if (move?.to !== index) move = { from: at, to: index, elapsedS: 0 };
    },
    remap(index) {
      at = index;
      move = null;
    },
    advance(elapsedS, epochsPerS, limit) {
      if (epochsPerS > 0) {
        move = null;
        at = Math.max(at, Math.min(limit, at + elapsedS * epochsPerS));
        return;
      }
      if (!move) return;
      move.elapsedS += elapsedS;
      const t = Math.min(1, move.elapsedS / MOVE_S);
      at = t >= 1 ? move.to : move.from + (move.to - move.from) * (1 - (1 - t) ** 3);
      if (t >= 1) move = null;
    },
  };
}

import type { Slice } from "../../../render/scatter/scene";
import { ease } from "../../../session/steps";

/** Moves a view that stands still from its old positions to new ones of the same epoch. */
export interface Relayouts {
  /** What to draw in a view whose picture stands still at `target`. */
  still(view: string, target: Slice, nowS: number): { from: Slice; to: Slice; mix: number };
  /** The view's picture moves by itself now. */
  moving(view: string): void;
  /** What the view stood still at last; null if it never did. */
  last(view: string): { from: Slice; to: Slice; mix: number } | null;
  /** Whether any is under way. */
  isActive(nowS: number): boolean;
}

const MORPH_S = 0.3;

interface Relayout {
  from: Slice;
  to: Slice;
  startS: number;
}

/** @param jump whether motion is unwanted. */
export function createRelayouts(jump: () => boolean): Relayouts {
  const relayouts = new Map<string, Relayout>();
  let endS = 0;
  const start = (id: string, from: Slice, to: Slice, nowS: number) => {
    const same = from === to || from.xy.length !== to.xy.length || jump();
    const relayout = { from: same ? to : from, to, startS: nowS };
    if (!same) endS = nowS + MORPH_S;
    relayouts.set(id, relayout);
    return relayout;
  };
  return {
    still(id, target, nowS) {
      const known = relayouts.get(id);
      const share = known ? Math.min(1, (nowS - known.startS) / MORPH_S) : 1;
      const shown = known && (share > 0.5 ? known.to : known.from);
      const relayout = known?.to === target ? known : start(id, shown ?? target, target, nowS);
      const t = Math.min(1, (nowS - relayout.startS) / MORPH_S);
      if (t >= 1 || relayout.from === relayout.to) return { from: target, to: target, mix: 0 };
      return { from: relayout.from, to: relayout.to, mix: ease(t) };
    },
    moving(id) {
      relayouts.delete(id);
    },
    last(id) {
      const relayout = relayouts.get(id);
      return relayout ? { from: relayout.to, to: relayout.to, mix: 0 } : null;
    },
    isActive: (nowS) => nowS < endS,
  };
}

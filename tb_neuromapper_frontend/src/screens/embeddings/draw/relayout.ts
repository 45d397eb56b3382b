import type { Slice } from "../../../render/scatter/scene";
import { ease } from "../../../session/steps";

/** Moves a view that stands still from its old positions to new ones of the same epoch. */
export interface Morphs {
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

interface Morph {
  from: Slice;
  to: Slice;
  startS: number;
}

/** @param jump whether motion is unwanted. */
export function createMorphs(jump: () => boolean): Morphs {
  const morphs = new Map<string, Morph>();
  let endS = 0;
  const start = (id: string, from: Slice, to: Slice, nowS: number) => {
    const same = from === to || from.xy.length !== to.xy.length || jump();
    const morph = { from: same ? to : from, to, startS: nowS };
    if (!same) endS = nowS + MORPH_S;
    morphs.set(id, morph);
    return morph;
  };
  return {
    still(id, target, nowS) {
      const known = morphs.get(id);
      const share = known ? Math.min(1, (nowS - known.startS) / MORPH_S) : 1;
      const shown = known && (share > 0.5 ? known.to : known.from);
      const morph = known?.to === target ? known : start(id, shown ?? target, target, nowS);
      const t = Math.min(1, (nowS - morph.startS) / MORPH_S);
      if (t >= 1 || morph.from === morph.to) return { from: target, to: target, mix: 0 };
      return { from: morph.from, to: morph.to, mix: ease(t) };
    },
    moving(id) {
      morphs.delete(id);
    },
    last(id) {
      const morph = morphs.get(id);
      return morph ? { from: morph.to, to: morph.to, mix: 0 } : null;
    },
    isActive: (nowS) => nowS < endS,
  };
}

import { describe, expect, it } from "vitest";
import { apply, HOME, toPixels } from "../../../src/render/camera";
import type { BlendedPoints } from "../../../src/render/scatter/blended";
import { pick } from "../../../src/render/scatter/picking";
import { Level, MISSING, positionOf, type Slice } from "../../../src/render/scatter/scene";

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function slice(n: number, next: () => number, extent: Slice["extent"]): Slice {
  return { xy: Uint16Array.from({ length: 2 * n }, () => Math.floor(next() * 65535)), extent };
}

function scene(seed: number, n: number) {
  const next = random(seed);
  const from = slice(n, next, [-4, -4, 4, 4]);
  const to = slice(n, next, [-6, -3, 5, 3]);
  for (const row of [1, 2]) from.xy.fill(MISSING, 2 * row, 2 * row + 2);
  for (const row of [2, 3]) to.xy.fill(MISSING, 2 * row, 2 * row + 2);
  const size = { width: 400, height: 300 };
  const camera = { ...HOME, zoom: 1.7, rotation: 20, x: 0.05 };
  const panel: BlendedPoints = { from, to, mix: next(), toPixels: toPixels(camera, to.extent, size) };
  const levels = Uint8Array.from({ length: n }, () => Math.floor(next() * 3));
  return { panel, levels, next };
}

/** The obviously right way: every row's place in pixels, then the nearest. */
function plainPick(panel: BlendedPoints, levels: Uint8Array, px: number, py: number, radius: number): number {
  let best = -1;
  let bestDistance = radius;
  for (const [row, level] of levels.entries()) {
    const position = positionOf(panel, row);
    if (!position || level !== Level.normal) continue;
    const [x, y] = apply(panel.toPixels, ...position);
    const distance = Math.hypot(x - px, y - py);
    if (distance <= bestDistance) {
      best = row;
      bestDistance = distance;
    }
  }
  return best;
}

describe("pick", () => {
  it("finds what comparing all places finds", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { panel, levels, next } = scene(seed, 200);
      for (let i = 0; i < 20; i++) {
        const [px, py] = [next() * 400, next() * 300];
        expect(pick(panel, levels, px, py, 15)).toBe(plainPick(panel, levels, px, py, 15));
      }
    }
  });

  it("finds a point by its own place, if it is shown", () => {
    const { panel, levels } = scene(3, 50);
    levels.fill(Level.normal);
    const [x, y] = apply(panel.toPixels, ...(positionOf(panel, 17) as [number, number]));
    expect(pick(panel, levels, x, y, 1)).toBe(17);
    levels[17] = Level.hidden;
    expect(pick(panel, levels, x, y, 1)).not.toBe(17);
  });

  it("finds nothing far from everything", () => {
    const { panel, levels } = scene(4, 50);
    expect(pick(panel, levels, -5000, 0, 10)).toBe(-1);
  });
});

describe("positionOf", () => {
  it("takes the other slice's place where one has none", () => {
    const { panel } = scene(5, 10);
    expect(positionOf(panel, 1)).toEqual(positionOf({ ...panel, from: panel.to }, 1));
    expect(positionOf(panel, 3)).toEqual(positionOf({ ...panel, to: panel.from }, 3));
    expect(positionOf(panel, 2)).toBeNull();
  });

  it("is at the extent's corners for 0 and 65535", () => {
    const corner = { xy: new Uint16Array([0, 65535]), extent: [-1, -2, 3, 4] as const };
    expect(positionOf({ from: corner, to: corner, mix: 0 }, 0)).toEqual([-1, 4]);
  });
});

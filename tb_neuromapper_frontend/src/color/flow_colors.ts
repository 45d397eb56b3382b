import type { Theme } from "./palette";
import { fromOklch, type Rgb, toByte, toHex } from "./space";

/** Hues that all eyes tell apart: orange for positive, blue for negative; grey-violet where there is no sign. */
const HUES = { positive: 55, negative: 258, unsigned: 320 } as const;
export type Sign = keyof typeof HUES;
export const SIGNS: readonly Sign[] = ["negative", "positive", "unsigned"];
const CHROMA: Record<Sign, number> = { positive: 0.15, negative: 0.16, unsigned: 0.1 };

/** A magnitude 0..1: more is brighter on dark ground and darker on light; 0 is little more than the ground. */
export function flowColor(share: number, sign: Sign, theme: Theme): string {
  return toHex(flowRgb(share, sign, theme));
}

function flowRgb(share: number, sign: Sign, theme: Theme): Rgb {
  const t = Math.min(1, Math.max(0, share));
  const lightness = theme === "light" ? 0.93 - 0.43 * t : 0.33 + 0.5 * t;
  for (let chroma = (0.03 + 0.97 * t) * CHROMA[sign]; chroma > 0; chroma -= 0.004) {
    const rgb = fromOklch(lightness, chroma, HUES[sign]);
    if (rgb.every((part) => part >= 0 && part <= 1)) return rgb;
  }
  return [lightness, lightness, lightness];
}

export const FLOW_COLORS = 256;

/** The colours as a texture: a row of 256 RGBA texels for each of `SIGNS`. */
export function flowTexels(theme: Theme): Uint8Array {
  const texels = new Uint8Array(SIGNS.length * FLOW_COLORS * 4);
  SIGNS.forEach((sign, row) => {
    for (let i = 0; i < FLOW_COLORS; i++) {
      const rgb = flowRgb(i / (FLOW_COLORS - 1), sign, theme);
      texels.set([...rgb.map(toByte), 255], (row * FLOW_COLORS + i) * 4);
    }
  });
  return texels;
}

import { fromOklch, type Rgb, toByte, toHex } from "./space";

export type Theme = "light" | "dark";

export const BACKGROUND: Record<Theme, string> = { light: "#ffffff", dark: "#202124" };

/**
 * Twenty class colours a theme, chosen by maximising the smallest OKLab distance of any two as seen by normal,
 * protan and deutan eyes (0.06 and more; 0.11 among the first ten), with a contrast of at least 2 to the ground.
 */
const CLASS_COLORS: Record<Theme, string[]> = {
  light: [
    ..."#2c71b7 #eb9a04 #3f560c #8fb9f7 #9c7b31 #722c6e #249c99 #282fc2 #9079fe #1bcc8e".split(" "),
    ..."#41331d #735555 #5454ea #310791 #a58dd0 #e26278 #726812 #4d1f52 #b3318d #e49ec9".split(" "),
  ],
  dark: [
    ..."#67acf7 #b1fb6b #dd1b57 #de7519 #49e4fc #8361fc #bd35b6 #e86fa5 #ffaba5 #e2b40a".split(" "),
    ..."#c2fbdd #3c7661 #c3a177 #ba6091 #7c89f6 #e351c7 #567506 #0ec7de #c3da75 #f897c9".split(" "),
  ],
};

const UNLABELLED: Record<Theme, string> = { light: "#8a8d91", dark: "#9aa0a6" };

/** After twenty classes the colours come again with the next shape, so that 100 classes differ. */
export const SHAPES = ["disc", "square", "diamond", "triangle", "cross"] as const;
export type Shape = (typeof SHAPES)[number];

export interface Mark {
  color: string;
  shape: Shape;
}

/** After this many classes the marks come again. */
export const N_MARKS = 100;

/** How class `index` is drawn, in the points and in the legend; -1 is "no label". */
export function classMark(index: number, theme: Theme): Mark {
  if (index < 0) return { color: UNLABELLED[theme], shape: "disc" };
  const colors = CLASS_COLORS[theme];
  const shape = SHAPES[Math.floor(index / colors.length) % SHAPES.length];
  return { color: colors[index % colors.length], shape };
}

/** A colour of the scale for numbers, `t` in 0..1: more is darker on light ground, brighter on dark. */
export function rampColor(t: number, theme: Theme): string {
  const at = Math.min(1, Math.max(0, t));
  const along = theme === "light" ? at : 1 - at;
  const lightness = 0.8 - 0.45 * along;
  const hue = 85 + 190 * along;
  return toHex(inGamut(lightness, 0.15 - 0.03 * Math.sin(along * Math.PI), hue));
}

function inGamut(lightness: number, chroma: number, hue: number): Rgb {
  for (let c = chroma; c > 0; c -= 0.005) {
    const rgb = fromOklch(lightness, c, hue);
    if (rgb.every((part) => part >= 0 && part <= 1)) return rgb;
  }
  return [lightness, lightness, lightness].map((part) => toByte(part) / 255) as Rgb;
}

/** Wrong predictions stand out, right ones recede. */
export function correctMark(correct: boolean, theme: Theme): Mark {
  const [wrong, right] = theme === "light" ? ["#c25100", "#b9c2cc"] : ["#ff9d4d", "#59636e"];
  return correct ? { color: right, shape: "disc" } : { color: wrong, shape: "square" };
}

export const RAMP_LENGTH = 256;
const TEXTURE_WIDTH = 256;

export type PaletteKind = "class" | "ramp" | "correct";

/**
 * The palette as the points' texture: RGBA bytes, rows of 256; alpha holds the shape's number.
 * Entry 0 is "unknown"; entry i + 1 is the mark of class i, or the scale's i-th colour, or wrong (1) and right (2).
 */
export function paletteTexels(kind: PaletteKind, count: number, theme: Theme): Uint8Array {
  const rows = Math.ceil((count + 1) / TEXTURE_WIDTH);
  const texels = new Uint8Array(rows * TEXTURE_WIDTH * 4);
  for (let entry = 0; entry <= count; entry++) {
    const { color, shape } = entry === 0 ? classMark(-1, theme) : markOf(kind, entry - 1, count, theme);
    const value = Number.parseInt(color.slice(1), 16);
    texels.set([(value >> 16) & 255, (value >> 8) & 255, value & 255, SHAPES.indexOf(shape)], entry * 4);
  }
  return texels;
}

function markOf(kind: PaletteKind, index: number, count: number, theme: Theme): Mark {
  if (kind === "class") return classMark(index, theme);
  if (kind === "correct") return correctMark(index === 1, theme);
  return { color: rampColor(index / Math.max(1, count - 1), theme), shape: "disc" };
}

/** Palette entries of class labels; labels that are no class have entry 0. */
export function classEntries(labels: Int32Array, nClasses: number): Uint16Array {
  return Uint16Array.from(labels, (label) => (label < 0 || label >= nClasses ? 0 : 1 + (label % N_MARKS)));
}

/** Palette entries of numbers on the scale from `min` to `max`; what is not finite has none. */
export function rampEntries(values: ArrayLike<number>, min: number, max: number): Uint16Array {
  const scale = max > min ? (RAMP_LENGTH - 1) / (max - min) : 0;
  return Uint16Array.from(values, (value) =>
    Number.isFinite(value)
      ? 1 + Math.round(Math.min(RAMP_LENGTH - 1, Math.max(0, (value - min) * scale)))
      : 0,
  );
}

/** Smallest and largest finite value; [0, 1] without any. */
export function finiteRange(values: ArrayLike<number>): [number, number] {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!Number.isFinite(value)) continue;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return min <= max ? [min, max] : [0, 1];
}

/** The value below which a share of the finite values lies; 0 without any. */
export function quantile(values: ArrayLike<number>, share: number): number {
  const sorted = Float32Array.from(values).filter(Number.isFinite).sort();
  return sorted.length === 0 ? 0 : sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

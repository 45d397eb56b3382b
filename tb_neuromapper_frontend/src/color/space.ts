/** Colour spaces: sRGB bytes, linear light, OKLab, and how colour-blind people see. Components are 0..1. */

export type Rgb = [number, number, number];
export type Vision = "normal" | "protan" | "deutan";

/** Severity 1.0 matrices on linear RGB. Source: Machado, Oliveira, Fernandes, IEEE TVCG 2009. */
const VISION_MATRIX: Record<Exclude<Vision, "normal">, number[]> = {
  protan: [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
  deutan: [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
};

export function fromHex(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16);
  return [((value >> 16) & 255) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
}

export function toHex(rgb: Rgb): string {
  return `#${rgb.map((c) => toByte(c).toString(16).padStart(2, "0")).join("")}`;
}

export function toByte(component: number): number {
  return Math.round(Math.min(1, Math.max(0, component)) * 255);
}

export function toLinear(rgb: Rgb): Rgb {
  return rgb.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)) as Rgb;
}

export function fromLinear(rgb: Rgb): Rgb {
  return rgb.map((c) => (c <= 0.0031308 ? c * 12.92 : 1.055 * c ** (1 / 2.4) - 0.055)) as Rgb;
}

/** Source: Ottosson, "A perceptual color space for image processing", 2020. */
export function toOklab(rgb: Rgb): Rgb {
  const [r, g, b] = toLinear(rgb);
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

/** sRGB of an OKLCH colour (hue in degrees); components outside 0..1 mean: not displayable. */
export function fromOklch(lightness: number, chroma: number, hue: number): Rgb {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return fromLinear([
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ]);
}

/** The colour as somebody with this vision sees it. */
export function seenBy(vision: Vision, rgb: Rgb): Rgb {
  if (vision === "normal") return rgb;
  const m = VISION_MATRIX[vision];
  const [r, g, b] = toLinear(rgb);
  const seen = [0, 3, 6].map((row) => m[row] * r + m[row + 1] * g + m[row + 2] * b);
  return fromLinear(seen.map((c) => Math.min(1, Math.max(0, c))) as Rgb);
}

/** Euclidean distance in OKLab: 0.02 is just noticeable side by side. */
export function distance(first: Rgb, second: Rgb, vision: Vision = "normal"): number {
  const p = toOklab(seenBy(vision, first));
  const q = toOklab(seenBy(vision, second));
  return Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]);
}

/** WCAG contrast ratio, 1..21. */
export function contrast(first: Rgb, second: Rgb): number {
  const [bright, dark] = [luminance(first), luminance(second)].sort((a, b) => b - a);
  return (bright + 0.05) / (dark + 0.05);
}

function luminance(rgb: Rgb): number {
  const [r, g, b] = toLinear(rgb);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Lower and upper end, both positive. */
export type LogEnds = readonly [number, number];

/** Where a magnitude lies on the scale, 0..1; beyond the ends at them; NaN for NaN; -1 for 0. */
export function logShare(value: number, [low, high]: LogEnds): number {
  const size = Math.abs(value);
  if (size === 0) return -1;
  const share = Math.log(size / low) / Math.log(high / low);
  return Number.isNaN(share) ? Number.NaN : Math.min(1, Math.max(0, share));
}

/** The powers of ten on the scale, about `limit` of them, the ends included if they are ones. */
export function logTicks([low, high]: LogEnds, limit = 7): number[] {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  const every = Math.max(1, Math.ceil((last - first) / Math.max(1, limit - 1)));
  const ticks: number[] = [];
  for (let exponent = last; exponent >= first; exponent -= every) ticks.unshift(10 ** exponent);
  // The lower end has a number, in place of one beside it.
  if (last > first && ticks[0] > 1.5 * 10 ** first) ticks.splice(0, ticks.length > 2 ? 1 : 0, 10 ** first);
  return ticks;
}

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** 0.001 as "10⁻³"; 1 as "1", 10 as "10". */
export function powerOfTen(value: number): string {
  const exponent = Math.round(Math.log10(value));
  if (exponent === 0) return "1";
  if (exponent === 1) return "10";
  const digits = [...String(Math.abs(exponent))].map((digit) => SUPERSCRIPTS[Number(digit)]).join("");
  return `10${exponent < 0 ? "⁻" : ""}${digits}`;
}

/** Powers of ten around the middle 98 % of the positive values, at most `maxDecades`; null without any. */
export function logEnds(values: ArrayLike<number>, maxDecades = 6): LogEnds | null {
  const sizes = Float32Array.from(values, Math.abs).filter((size) => size > 0 && Number.isFinite(size));
  if (sizes.length === 0) return null;
  sizes.sort();
  const at = (share: number) => sizes[Math.round(share * (sizes.length - 1))];
  const high = Math.ceil(Math.log10(at(0.99)) - 1e-6);
  const low = Math.max(high - maxDecades, Math.min(high - 1, Math.floor(Math.log10(at(0.01)) + 1e-6)));
  return [10 ** low, 10 ** high];
}

const INTEGER = new Intl.NumberFormat("en");

export function count(n: number, noun: string): string {
  return `${INTEGER.format(n)} ${noun}${n === 1 ? "" : "s"}`;
}

export function integer(n: number): string {
  return INTEGER.format(n);
}

/** A share 0..1 in whole percent; "< 1 %" and "> 99 %" where rounding would claim none or all. */
export function percent(share: number): string {
  if (share > 0 && share < 0.005) return "< 1 %";
  if (share < 1 && share > 0.995) return "> 99 %";
  return `${Math.round(share * 100)} %`;
}

/** Three significant digits, without a tail of zeros. */
export function number(value: number): string {
  if (!Number.isFinite(value))
    return Number.isNaN(value) ? "not a number" : value > 0 ? "infinite" : "−infinite";
  return String(Number(value.toPrecision(3))).replaceAll("-", "−");
}

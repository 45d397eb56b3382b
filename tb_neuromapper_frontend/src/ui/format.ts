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

/** Three significant digits; small and large numbers with a power of ten: 1.23·10⁻⁵, 10⁶. */
export function scientific(value: number): string {
  const magnitude = Math.abs(value);
  if (value === 0 || !Number.isFinite(value) || (magnitude >= 0.001 && magnitude < 1e5)) return number(value);
  const [digits, exponent] = value.toExponential(2).split("e");
  const power = [...String(Math.abs(Number(exponent)))].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)]).join("");
  const ten = `10${Number(exponent) < 0 ? "⁻" : ""}${power}`;
  return digits === "1.00" ? ten : `${digits.replace("-", "−")}·${ten}`;
}

export function percentOrNone(share: number | null): string {
  return share === null ? "–" : percent(share);
}

/** An end of a scale, in full: 0.0034 is "0.34 %". */
export function scaleEnd(value: number, unit: "" | "%"): string {
  return unit === "%" ? `${number(value * 100)} %` : number(value);
}

/** Three significant digits, without a tail of zeros. */
export function number(value: number): string {
  if (!Number.isFinite(value))
    return Number.isNaN(value) ? "not a number" : value > 0 ? "infinite" : "−infinite";
  return String(Number(value.toPrecision(3))).replaceAll("-", "−");
}

import { DEFAULT_SPEED, SPEEDS } from "./settings";

/** What of the state a link carries. Absent means: the default. */
export interface UrlState {
  run?: string;
  /** Absent while following the newest epoch. */
  step?: number;
  hidden?: number[];
  speed?: number;
  loop?: boolean;
}

const MAX_CLASSES = 1_000_000;

/** As short strings; defaults are left out. */
export function toParams(state: UrlState): Record<string, string> {
  const params: Record<string, string> = {};
  if (state.run !== undefined) params.run = state.run;
  if (state.step !== undefined) params.step = String(state.step);
  if (state.hidden?.length) params.hidden = toRanges(state.hidden);
  if (state.speed !== undefined && state.speed !== DEFAULT_SPEED) params.speed = String(state.speed);
  if (state.loop) params.loop = "1";
  return params;
}

/** Reads what `toParams` wrote; whatever makes no sense is as if it were not there. */
export function fromParams(params: Record<string, string>): UrlState {
  const state: UrlState = {};
  if (params.run) state.run = params.run;
  const step = toInteger(params.step);
  if (step !== null) state.step = step;
  const hidden = fromRanges(params.hidden ?? "");
  if (hidden.length > 0) state.hidden = hidden;
  const speed = Number(params.speed);
  if ((SPEEDS as readonly number[]).includes(speed)) state.speed = speed;
  if (params.loop === "1") state.loop = true;
  return state;
}

function toInteger(text: string | undefined): number | null {
  return text !== undefined && /^-?\d{1,15}$/.test(text) ? Number(text) : null;
}

/** 1,2,3,7 as "1-3.7": a thousand hidden classes still fit a link. */
export function toRanges(numbers: readonly number[]): string {
  const sorted = [...new Set(numbers)].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let i = 0; i < sorted.length; i++) {
    const first = sorted[i];
    while (sorted[i + 1] === sorted[i] + 1) i += 1;
    parts.push(sorted[i] === first ? String(first) : `${first}-${sorted[i]}`);
  }
  return parts.join(".");
}

export function fromRanges(text: string): number[] {
  const numbers = new Set<number>();
  for (const part of text.split(".")) {
    const match = /^(\d{1,7})(?:-(\d{1,7}))?$/.exec(part);
    if (!match) continue;
    const first = Number(match[1]);
    const last = Math.min(MAX_CLASSES, Number(match[2] ?? match[1]));
    for (let number = first; number <= last; number++) numbers.add(number);
  }
  return [...numbers].sort((a, b) => a - b);
}

import { NO_ROWS, type Rows } from "./selection";

/** A longer text does not belong into a link. */
const MAX_LENGTH = 2000;
const MAX_ROW = 1_999_999;
const BASE = 36;
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/**
 * Rows as a short text: as ranges ("r", distances in base 36), or as bits from the first row on ("b", six a letter),
 * whichever is shorter. Empty if there are no rows or the text would be too long.
 */
export function rowsToText(rows: Rows): string {
  if (rows.length === 0) return "";
  const texts = [rangesText(rows), bitsText(rows)];
  const shortest = texts.reduce((best, text) => (text.length < best.length ? text : best));
  return shortest.length <= MAX_LENGTH ? shortest : "";
}

/** Reads what `rowsToText` wrote; whatever makes no sense is no rows. */
export function rowsFromText(text: string): Rows {
  if (text.length > MAX_LENGTH || !/^[rb][\w.~-]*$/.test(text)) return NO_ROWS;
  return text[0] === "r" ? fromRanges(text.slice(1)) : fromBits(text.slice(1));
}

/** Gap since the last row, and "~" with the number of further consecutive rows. */
function rangesText(rows: Rows): string {
  const parts: string[] = [];
  let length = 0;
  for (let i = 0, last = 0; i < rows.length && length <= MAX_LENGTH; i++) {
    const first = i;
    while (rows[i + 1] === rows[i] + 1) i += 1;
    const more = i > first ? `~${(i - first).toString(BASE)}` : "";
    parts.push((rows[first] - last).toString(BASE) + more);
    length += parts[parts.length - 1].length + 1;
    last = rows[i];
  }
  return `r${parts.join(".")}`;
}

function fromRanges(text: string): Rows {
  const rows: number[] = [];
  let last = 0;
  for (const [place, part] of text.split(".").entries()) {
    const match = /^([0-9a-z]{1,5})(?:~([0-9a-z]{1,5}))?$/.exec(part);
    if (!match || (place > 0 && match[1] === "0")) return NO_ROWS;
    const first = last + Number.parseInt(match[1], BASE);
    last = first + Number.parseInt(match[2] ?? "0", BASE);
    if (last > MAX_ROW) return NO_ROWS;
    for (let row = first; row <= last; row++) rows.push(row);
  }
  return Uint32Array.from(rows);
}

function bitsText(rows: Rows): string {
  const first = rows[0];
  const nLetters = Math.floor((rows[rows.length - 1] - first) / 6) + 1;
  if (nLetters > MAX_LENGTH) return " ".repeat(MAX_LENGTH + 1);
  const letters = new Uint8Array(nLetters);
  for (const row of rows) letters[Math.floor((row - first) / 6)] |= 1 << ((row - first) % 6);
  return `b${first.toString(BASE)}.${Array.from(letters, (bits) => LETTERS[bits]).join("")}`;
}

function fromBits(text: string): Rows {
  const match = /^([0-9a-z]{1,5})\.([\w-]+)$/.exec(text);
  const first = match ? Number.parseInt(match[1], BASE) : MAX_ROW + 1;
  if (!match || first > MAX_ROW) return NO_ROWS;
  const rows: number[] = [];
  for (const [place, letter] of [...match[2]].entries()) {
    const bits = LETTERS.indexOf(letter);
    for (let bit = 0; bit < 6; bit++) if ((bits >> bit) & 1) rows.push(first + 6 * place + bit);
  }
  return Uint32Array.from(rows);
}

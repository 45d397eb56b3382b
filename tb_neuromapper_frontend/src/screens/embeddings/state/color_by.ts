/** What the colour of a point says: one of these, or a column of the metadata. */
export const COLOR_BYS = ["label", "predicted", "correct", "confidence", "loss", "movement"] as const;
export type FixedColorBy = (typeof COLOR_BYS)[number];
export type ColorBy = FixedColorBy | `metadata:${string}`;

const METADATA = "metadata:";

export function isMetadata(colorBy: ColorBy): colorBy is `metadata:${string}` {
  return colorBy.startsWith(METADATA);
}

export function columnOf(colorBy: `metadata:${string}`): string {
  return colorBy.slice(METADATA.length);
}

/** What a link or a menu says, or null if that is no colour. */
export function toColorBy(text: string | undefined): ColorBy | null {
  const fixed = COLOR_BYS.find((each) => each === text);
  if (fixed) return fixed;
  return text?.startsWith(METADATA) && text.length > METADATA.length ? (text as ColorBy) : null;
}

/** Colours that need the outcomes of the epoch. */
export function needsOutcomes(colorBy: ColorBy): boolean {
  return colorBy !== "label" && colorBy !== "movement" && !isMetadata(colorBy);
}

/** What the colour of a point says: one of these, or a column of the metadata or of the outcomes. */
export const COLOR_BYS = ["label", "predicted", "correct", "confidence", "loss", "movement"] as const;
export type FixedColorBy = (typeof COLOR_BYS)[number];
export type ColorBy = FixedColorBy | `metadata:${string}` | `outcome:${string}`;

const METADATA = "metadata:";
const OUTCOME = "outcome:";

export function isMetadata(colorBy: ColorBy): colorBy is `metadata:${string}` {
  return colorBy.startsWith(METADATA);
}

export function columnOf(colorBy: `metadata:${string}`): string {
  return colorBy.slice(METADATA.length);
}

/** Whether it is a column of the outcomes that has no meaning of its own. */
export function isOutcome(colorBy: ColorBy): colorBy is `outcome:${string}` {
  return colorBy.startsWith(OUTCOME);
}

export function outcomeOf(colorBy: `outcome:${string}`): string {
  return colorBy.slice(OUTCOME.length);
}

/** Whether its colours, if they are classes, are not those of the labels. */
export function isColumn(colorBy: ColorBy): boolean {
  return isMetadata(colorBy) || isOutcome(colorBy);
}

/** What a link or a menu says, or null if that is no colour. */
export function toColorBy(text: string | undefined): ColorBy | null {
  const fixed = COLOR_BYS.find((each) => each === text);
  if (fixed) return fixed;
  const isNamed = [METADATA, OUTCOME].some(
    (prefix) => text?.startsWith(prefix) && text.length > prefix.length,
  );
  return isNamed ? (text as ColorBy) : null;
}

/** Colours that need the outcomes of the epoch. */
export function needsOutcomes(colorBy: ColorBy): boolean {
  return colorBy !== "label" && colorBy !== "movement" && !isMetadata(colorBy);
}

/** Epochs per second. */
export const SPEEDS = [0.5, 1, 2, 4, 8] as const;
export const DEFAULT_SPEED = 2;

/** What the colour of a point says. */
export const COLOR_BYS = ["label", "predicted", "correct", "confidence", "loss", "movement"] as const;
export type ColorBy = (typeof COLOR_BYS)[number];

/** Colours that need the outcomes of the epoch. */
export function needsOutcomes(colorBy: ColorBy): boolean {
  return colorBy !== "label" && colorBy !== "movement";
}

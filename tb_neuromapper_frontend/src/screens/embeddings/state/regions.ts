import type { Store } from "../../../session/state";
import { isMetadata } from "./color_by";
import type { Coloring } from "./colors";

/** Whether a run on view logs predicted classes, of which regions could be drawn. */
export function hasPredictions({ run, other }: Pick<Store, "run" | "other">): boolean {
  return [run.value, other.value?.run].some(
    (each) => each?.label_kind === "class" && each.outcome_steps.length > 0,
  );
}

/** Why the regions of the predicted classes cannot be drawn, in words; "": they can. */
export function whyNoRegions(
  store: Pick<Store, "run" | "other" | "colorBy">,
  { kind }: Pick<Coloring, "kind">,
): string {
  if (!hasPredictions(store)) return "The run logs no predicted classes.";
  const colorBy = store.colorBy.value;
  // One colour would mean two things.
  return isMetadata(colorBy) && kind === "class"
    ? "Colour by something else: these colours are not those of the classes."
    : "";
}

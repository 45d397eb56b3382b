import type { Session } from "../../../session";
import { isColumn } from "./color_by";
import type { Coloring } from "./colors";
import { outcomeColumns } from "./outcome_columns";
import type { EmbeddingsState } from "./state";

/** Whether a displayed run logs predicted classes, of which regions could be drawn. */
export function hasPredictions({ run }: Session, { comparedRun: other }: EmbeddingsState): boolean {
  return [run.value, other.value?.run].some(
    (each) =>
      each?.label_kind === "class" &&
      each.outcome_steps.length > 0 &&
      outcomeColumns(each).includes("predicted"),
  );
}

/** Why the regions of the predicted classes cannot be drawn; "": they can. */
export function whyNoRegions(
  session: Session,
  embeddings: EmbeddingsState,
  { kind }: Pick<Coloring, "kind">,
): string {
  if (!hasPredictions(session, embeddings)) return "The run logs no predicted classes.";
  const colorBy = embeddings.colorBy.value;
  // One colour would mean two things.
  return isColumn(colorBy) && kind === "class"
    ? "Colour by something else: these colours are not those of the classes."
    : "";
}

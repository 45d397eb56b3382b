import { FEWEST, SHARES_OF_ALL, SHARES_OF_CLASS } from "../../../density/contours";
import type { Session } from "../../../session";
import { MAX_CONTOUR_CLASSES } from "../draw/density_layer";
import type { Embeddings } from "../state/actions";
import type { Coloring } from "../state/colors";
import { whyNoRegions } from "../state/decision_regions";
import { sidesOf } from "../state/outcomes";

/** What the contours and the regions on view mean; "" without any. */
export function contourText(embeddings: Embeddings, { classes, nClasses }: Coloring): string {
  const mode = embeddings.appearance.value.contours;
  if (mode === "off") return "";
  if (mode === "all" || !classes) return `lines hold ${percents(SHARES_OF_ALL)} of the samples`;
  const most = nClasses > MAX_CONTOUR_CLASSES ? `, for the ${MAX_CONTOUR_CLASSES} largest classes` : "";
  return `lines hold ${percents(SHARES_OF_CLASS)} of a class (${FEWEST} samples and more)${most}`;
}

export function decisionRegionText(session: Session, embeddings: Embeddings, coloring: Coloring): string {
  if (!embeddings.appearance.value.regions) return "";
  const why = whyNoRegions(session, embeddings, coloring);
  if (why) return why;
  const isLogged = sidesOf(session, embeddings).some((side) => side.isLogged);
  if (!isLogged) return "predictions of this epoch: not logged";
  return "ground: the class predicted most around there; the fainter, the closer the vote";
}

/** Whether anything on view has the classes' colours: the points, the lines or the ground. */
export function hasClassColors(session: Session, embeddings: Embeddings, coloring: Coloring): boolean {
  const { contours, regions } = embeddings.appearance.value;
  const hasRegions = regions && whyNoRegions(session, embeddings, coloring) === "";
  return coloring.kind === "class" || contours === "class" || hasRegions;
}

function percents(shares: readonly number[]): string {
  const all = shares.map((share) => String(Math.round(share * 100)));
  return `${all.slice(0, -1).join(", ")} and ${all.at(-1)}\u00a0%`;
}

export function DensityText({
  session,
  embeddings,
  coloring,
}: {
  session: Session;
  embeddings: Embeddings;
  coloring: Coloring;
}) {
  const contours = contourText(embeddings, coloring);
  const regions = decisionRegionText(session, embeddings, coloring);
  return (
    <>
      {contours && (
        <p class="nm-muted nm-plane-words" data-testid="contour-words">
          {contours}
        </p>
      )}
      {regions && (
        <p class="nm-muted nm-plane-words" data-testid="region-words">
          {regions}
        </p>
      )}
    </>
  );
}

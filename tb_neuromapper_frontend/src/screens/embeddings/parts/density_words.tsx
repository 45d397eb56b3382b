import { FEWEST, SHARES_OF_ALL, SHARES_OF_CLASS } from "../../../density/contours";
import type { Store } from "../../../session/state";
import { MAX_CONTOUR_CLASSES } from "../draw/density_layer";
import type { Coloring } from "../state/colors";
import { sidesOf } from "../state/outcomes";
import { whyNoRegions } from "../state/regions";

/** What the contours and the regions on view mean; "" without any. */
export function contourWords(store: Store, { classes, nClasses }: Coloring): string {
  const mode = store.look.value.contours;
  if (mode === "off") return "";
  if (mode === "all" || !classes) return `lines hold ${percents(SHARES_OF_ALL)} of the samples`;
  const most = nClasses > MAX_CONTOUR_CLASSES ? `, for the ${MAX_CONTOUR_CLASSES} largest classes` : "";
  return `lines hold ${percents(SHARES_OF_CLASS)} of a class (${FEWEST} samples and more)${most}`;
}

export function regionWords(store: Store, coloring: Coloring): string {
  if (!store.look.value.regions) return "";
  const why = whyNoRegions(store, coloring);
  if (why) return why;
  const isLogged = sidesOf(store).some((side) => side.isLogged);
  if (!isLogged) return "predictions of this epoch: not logged";
  return "ground: the class predicted most around there; the fainter, the closer the vote";
}

/** Whether anything on view has the classes' colours: the points, the lines or the ground. */
export function hasClassColors(store: Store, coloring: Coloring): boolean {
  const { contours, regions } = store.look.value;
  const hasRegions = regions && whyNoRegions(store, coloring) === "";
  return coloring.kind === "class" || contours === "class" || hasRegions;
}

function percents(shares: readonly number[]): string {
  const all = shares.map((share) => String(Math.round(share * 100)));
  return `${all.slice(0, -1).join(", ")} and ${all.at(-1)}\u00a0%`;
}

export function PlaneWords({ store, coloring }: { store: Store; coloring: Coloring }) {
  const contours = contourWords(store, coloring);
  const regions = regionWords(store, coloring);
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

import { MEASURES, type OverviewPart } from "../types";

/** The known columns and those that came after them; only the new ones if they do not go together. */
export function joinOverview(known: OverviewPart | null, part: OverviewPart): OverviewPart {
  const last = known?.steps.at(-1);
  const goesOn =
    known !== null &&
    known.stride === part.stride &&
    known.layers.join("\n") === part.layers.join("\n") &&
    (part.steps.length === 0 || last === undefined || part.steps[0] > last);
  if (!goesOn) return part;
  if (part.steps.length === 0) return { ...known, complete: part.complete };
  const [n, m] = [known.steps.length, part.steps.length];
  const values = {} as OverviewPart["values"];
  for (const measure of MEASURES) {
    const joined = new Float32Array((n + m) * part.layers.length);
    part.layers.forEach((_, layer) => {
      joined.set(known.values[measure].subarray(layer * n, (layer + 1) * n), layer * (n + m));
      joined.set(part.values[measure].subarray(layer * m, (layer + 1) * m), layer * (n + m) + n);
    });
    values[measure] = joined;
  }
  return { ...part, steps: [...known.steps, ...part.steps], values };
}

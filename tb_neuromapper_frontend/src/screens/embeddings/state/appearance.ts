export const CONTOURS = ["off", "all", "class"] as const;
/** Lines of equal density: none, of all shown samples, or of each class. */
export type ContourMode = (typeof CONTOURS)[number];

/** How the points and the plane behind them look. */
export interface Appearance {
  contours: ContourMode;
  /** Colours the plane by the class that is predicted there. */
  regions: boolean;
  /** Times the size and the opacity that fit the number of points. */
  size: number;
  opacity: number;
}

export const DEFAULT_APPEARANCE: Appearance = { contours: "off", regions: false, size: 1, opacity: 1 };

/** The factors go from 1 / MAX_FACTOR to MAX_FACTOR. */
export const MAX_FACTOR = 4;

export function toContourMode(text: string | undefined): ContourMode {
  return CONTOURS.find((each) => each === text) ?? "off";
}

/** A factor within its bounds, in two digits; null if that is no number. */
export function toFactor(text: string | undefined): number | null {
  const factor = text ? Number(text) : Number.NaN;
  if (!Number.isFinite(factor)) return null;
  return Number(Math.min(MAX_FACTOR, Math.max(1 / MAX_FACTOR, factor)).toPrecision(2));
}

/** As a link says it; what is at its default is left out. */
export function appearanceToParams(appearance: Appearance): Record<string, string> {
  const params: Record<string, string> = {};
  if (appearance.contours !== "off") params.contours = appearance.contours;
  if (appearance.regions) params.regions = "1";
  if (appearance.size !== 1) params.size = String(appearance.size);
  if (appearance.opacity !== 1) params.opacity = String(appearance.opacity);
  return params;
}

/** What a link says; null: all at its default. */
export function appearanceFromParams(params: Readonly<Record<string, string>>): Appearance | null {
  const appearance = {
    contours: toContourMode(params.contours),
    regions: params.regions === "1",
    size: toFactor(params.size) ?? 1,
    opacity: toFactor(params.opacity) ?? 1,
  };
  return Object.keys(appearanceToParams(appearance)).length > 0 ? appearance : null;
}

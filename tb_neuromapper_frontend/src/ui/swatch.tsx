import type { Mark, Shape } from "../color/palette";

export const SHAPE_PATHS: Record<Shape, string> = {
  disc: "M6 1a5 5 0 1 0 0 10a5 5 0 1 0 0-10z",
  square: "M1.7 1.7h8.600v8.600H1.700z",
  diamond: "M6 0l6 6-6 6-6-6z",
  triangle: "M6 .6l5.600 9.600H.4z",
  cross: "M4.200 1h3.600v3.200H11v3.600H7.800V11H4.200V7.800H1V4.200h3.200z",
};

/** The mark of a class, as its points look. */
export function Swatch({ mark }: { mark: Mark }) {
  return (
    <svg class="nm-swatch" viewBox="0 0 12 12" width="11" height="11" aria-hidden="true">
      <path d={SHAPE_PATHS[mark.shape]} fill={mark.color} />
    </svg>
  );
}

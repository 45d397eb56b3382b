import type { Point } from "../../../render/scatter/lasso";
import type { SelectMode } from "../../../session/selection";

/** A lasso or box that is being drawn, in pixels from its plot's top left. */
export interface LassoDraft {
  points: readonly Point[];
  mode: SelectMode;
  /** The place that the keys move, or null while a pointer draws. */
  cursor: Point | null;
}

export function LassoOutline({ lassoDraft }: { lassoDraft: LassoDraft | null }) {
  if (!lassoDraft) return null;
  const { points, mode, cursor } = lassoDraft;
  return (
    <svg class="nm-draft" data-mode={mode} data-testid="draft" aria-hidden="true">
      <polygon points={points.map(([x, y]) => `${x},${y}`).join(" ")} />
      {cursor && (
        <path d={`M${cursor[0] - 7} ${cursor[1]}h14M${cursor[0]} ${cursor[1] - 7}v14`} class="nm-cursor" />
      )}
    </svg>
  );
}

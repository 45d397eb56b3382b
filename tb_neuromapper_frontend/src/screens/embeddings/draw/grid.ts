const MIN_SIDE_PX = 220;
/** The words above a plot. */
const HEAD_PX = 26;
/** Height to width of a plot where the views have to be scrolled. */
const SCROLLED_SHAPE = 0.8;

/** How many columns give the plots most room, and how high a row is, in pixels. Too many views scroll. */
export function gridFor(n: number, { width, height }: { width: number; height: number }) {
  const most = Math.max(1, Math.min(n, Math.floor(width / MIN_SIDE_PX)));
  let best = { columns: 0, rowHeight: 0, side: 0 };
  for (let columns = 1; columns <= most; columns++) {
    const rowHeight = Math.floor(height / Math.max(1, Math.ceil(n / columns)));
    const side = Math.min(width / columns, rowHeight - HEAD_PX);
    if (side >= MIN_SIDE_PX && side > best.side) best = { columns, rowHeight, side };
  }
  if (best.columns > 0) return { columns: best.columns, rowHeight: best.rowHeight };
  const rowHeight = Math.floor((width / most) * SCROLLED_SHAPE) + HEAD_PX;
  return { columns: most, rowHeight: Math.max(MIN_SIDE_PX, Math.min(height, rowHeight)) };
}

/** The same for views in pairs, the two of a pair side by side. */
export function pairGridFor(n: number, { width, height }: { width: number; height: number }) {
  const { columns, rowHeight } = gridFor(Math.ceil(n / 2), { width: width / 2, height });
  return { columns: 2 * columns, rowHeight };
}

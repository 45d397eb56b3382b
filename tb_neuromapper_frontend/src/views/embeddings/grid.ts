const MIN_SIDE_PX = 220;
/** The words above a plot. */
const HEAD_PX = 26;

/** How many columns give the plots most room, and how high a row is, in pixels. */
export function gridFor(n: number, { width, height }: { width: number; height: number }) {
  let best = { columns: 1, rowHeight: Math.max(MIN_SIDE_PX, height), side: 0 };
  const most = Math.max(1, Math.min(n, Math.floor(width / MIN_SIDE_PX)));
  for (let columns = 1; columns <= most; columns++) {
    const rows = Math.max(1, Math.ceil(n / columns));
    const rowHeight = Math.max(MIN_SIDE_PX + HEAD_PX, Math.floor(height / rows));
    const side = Math.min(width / columns, rowHeight - HEAD_PX);
    const fits = rows * rowHeight <= height + 1;
    const score = fits ? side : Math.min(side, MIN_SIDE_PX - 1 + columns);
    if (score > best.side) best = { columns, rowHeight, side: score };
  }
  return { columns: best.columns, rowHeight: best.rowHeight };
}

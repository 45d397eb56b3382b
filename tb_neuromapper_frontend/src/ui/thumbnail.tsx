import type { ThumbnailSheets } from "../api/types";

interface ThumbnailProps {
  sheets: ThumbnailSheets;
  /** The address of the sheet that holds this row. */
  url: string;
  row: number;
  /** Its larger side, in pixels. */
  size: number;
}

/** One picture out of a sheet. */
export function Thumbnail({ sheets, url, row, size }: ThumbnailProps) {
  const scale = size / Math.max(sheets.width, sheets.height);
  const width = sheets.width * scale;
  const height = sheets.height * scale;
  const place = row % sheets.per_sheet;
  const column = place % sheets.columns;
  const line = Math.floor(place / sheets.columns);
  return (
    <div
      class="nm-thumbnail"
      role="img"
      aria-label="The sample's picture"
      data-testid="thumbnail"
      style={{
        width: `${width}px`,
        height: `${height}px`,
        backgroundImage: `url("${url}")`,
        backgroundSize: `${sheets.columns * width}px auto`,
        backgroundPosition: `${-column * width}px ${-line * height}px`,
      }}
    />
  );
}

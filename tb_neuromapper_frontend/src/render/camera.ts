/** A view on the plane of a projection, in units of its extent: the whole layout fits at zoom 1. */
export interface Camera {
  /** Centre of the view, as a fraction of the extent's larger side, from its middle. */
  x: number;
  y: number;
  zoom: number;
  /** Counter-clockwise, in degrees. */
  rotation: number;
  mirrored: boolean;
}

export const HOME: Camera = { x: 0, y: 0, zoom: 1, rotation: 0, mirrored: false };
export const MIN_ZOOM = 0.5;
export const MAX_ZOOM = 400;
/** Share of the view that the extent fills at zoom 1, in the direction in which it is tightest. */
const FILL = 0.94;

export type Box = readonly [number, number, number, number];
export interface Size {
  width: number;
  height: number;
}

/** x' = a x + c y + e, y' = b x + d y + f. */
export interface Affine {
  a: number;
  b: number;
  c: number;
  d: number;
  e: number;
  f: number;
}

export function apply(m: Affine, x: number, y: number): [number, number] {
  return [m.a * x + m.c * y + m.e, m.b * x + m.d * y + m.f];
}

export function invert(m: Affine): Affine {
  const det = m.a * m.d - m.b * m.c;
  const a = m.d / det;
  const b = -m.b / det;
  const c = -m.c / det;
  const d = m.a / det;
  return { a, b, c, d, e: -(a * m.e + c * m.f), f: -(b * m.e + d * m.f) };
}

/** From the projection's coordinates to the panel's pixels, origin top left. */
export function toPixels(camera: Camera, extent: Box, size: Size): Affine {
  const side = sideOf(extent);
  const angle = (camera.rotation * Math.PI) / 180;
  const scale = camera.zoom * fitScale(angle, extent, size);
  const flip = camera.mirrored ? -1 : 1;
  const a = scale * Math.cos(angle) * flip;
  const b = -scale * Math.sin(angle) * flip;
  const c = -scale * Math.sin(angle);
  const d = -scale * Math.cos(angle);
  const centerX = (extent[0] + extent[2]) / 2 + camera.x * side;
  const centerY = (extent[1] + extent[3]) / 2 + camera.y * side;
  return {
    a,
    b,
    c,
    d,
    e: size.width / 2 - (a * centerX + c * centerY),
    f: size.height / 2 - (b * centerX + d * centerY),
  };
}

function sideOf(extent: Box): number {
  return Math.max(extent[2] - extent[0], extent[3] - extent[1]) || 1;
}

/** Pixels per unit at which the turned extent just fits. */
function fitScale(angle: number, extent: Box, size: Size): number {
  const [width, height] = [extent[2] - extent[0], extent[3] - extent[1]];
  const [cos, sin] = [Math.abs(Math.cos(angle)), Math.abs(Math.sin(angle))];
  const across = size.width / (cos * width + sin * height);
  const up = size.height / (sin * width + cos * height);
  const scale = FILL * Math.min(across, up);
  return Number.isFinite(scale) ? scale : Math.min(size.width, size.height);
}

/** From the projection's coordinates to clip space (-1..1, y up) of a viewport of this size. */
export function toClip(camera: Camera, extent: Box, size: Size): Affine {
  const m = toPixels(camera, extent, size);
  const sx = 2 / size.width;
  const sy = -2 / size.height;
  return { a: m.a * sx, b: m.b * sy, c: m.c * sx, d: m.d * sy, e: m.e * sx - 1, f: m.f * sy + 1 };
}

/** Zooms by `factor` and keeps what lies under the pixel (px, py) where it is. */
export function zoomAt(
  camera: Camera,
  factor: number,
  [px, py]: readonly [number, number],
  extent: Box,
  size: Size,
): Camera {
  const zoom = Math.min(MAX_ZOOM, Math.max(MIN_ZOOM, camera.zoom * factor));
  const fromCenter = [px - size.width / 2, py - size.height / 2] as const;
  const [x, y] = offsetOf(camera, fromCenter, extent, size);
  const zoomed = { ...camera, zoom };
  const [xAfter, yAfter] = offsetOf(zoomed, fromCenter, extent, size);
  return { ...zoomed, x: camera.x + x - xAfter, y: camera.y + y - yAfter };
}

/** Moves the picture by (dx, dy) pixels. */
export function panBy(camera: Camera, by: readonly [number, number], extent: Box, size: Size): Camera {
  const [x, y] = offsetOf(camera, by, extent, size);
  return { ...camera, x: camera.x - x, y: camera.y - y };
}

/** A vector in pixels as fractions of the extent's larger side. */
function offsetOf(
  camera: Camera,
  [dx, dy]: readonly [number, number],
  extent: Box,
  size: Size,
): [number, number] {
  const m = invert(toPixels(camera, extent, size));
  const side = sideOf(extent);
  return [(m.a * dx + m.c * dy) / side, (m.b * dx + m.d * dy) / side];
}

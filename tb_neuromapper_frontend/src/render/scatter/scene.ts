import type { Affine, Box, Size } from "../camera";
import type { TrailPoint } from "./trail";

/** What is to be drawn: plain values and no runs, classes or layers. */
export interface Scene {
  /** The canvas in CSS pixels, and device pixels per CSS pixel. */
  size: Size;
  pixelRatio: number;
  panels: Panel[];
  pointStyles: PointStyles;
  /** Rows to be ringed in every panel. */
  rings: Ring[];
  /** The colour behind the points, 0..1. */
  ground: readonly [number, number, number];
}

/** One scatter. */
export interface Panel {
  /** In CSS pixels from the canvas' top left. */
  rect: { x: number; y: number; width: number; height: number };
  view: Affine;
  /** The picture is `mix` of the way from the slice `from` to the slice `to`. */
  from: Slice;
  to: Slice;
  mix: number;
  diameter: number;
  opacity: number;
  trails: Trail[];
  /** Drawn beneath the points and above them. */
  images: Layer<DensityImage>[];
  lines: Layer<Lines>[];
  /** A `Level` for each point that holds in this panel instead of the marks'; null: the marks'. */
  levels: Uint8Array | null;
}

/** Something that lies in the plane of the projection, and how strongly it is drawn, 0..1. */
export interface Layer<T> {
  content: T;
  opacity: number;
}

/** A picture of a part of the plane. The same object is uploaded once. */
export interface DensityImage {
  width: number;
  height: number;
  /** Premultiplied RGBA, the lowest row first. */
  texels: Uint8Array;
  box: Box;
}

/** Short straight pieces in the plane. The same object is uploaded once. */
export interface Lines {
  /** x and y of both ends of each piece, in the projection's coordinates. */
  ends: Float32Array;
  /** RGBA of each piece. */
  colors: Uint8Array;
}

/** The path of a sample, in pixels from the panel's top left. */
export interface Trail {
  points: TrailPoint[];
  color: readonly [number, number, number];
}

/** The positions of all points at one step. The same object is uploaded once. */
export interface Slice {
  xy: Uint16Array;
  extent: Box;
}

/** How points look, shared by all panels. A changed array is a new object. */
export interface PointStyles {
  /** Entry of the palette for each point. */
  entries: Uint16Array;
  /** A `Level` for each point. */
  levels: Uint8Array;
  /** RGBA texels, rows of 256; alpha is the number of the shape. */
  palette: Uint8Array;
}

/** How strongly a point is drawn. */
export const Level = { hidden: 0, faded: 1, normal: 2, gray: 3 } as const;

export interface Ring {
  row: number;
  color: readonly [number, number, number];
  diameter: number;
}

export const MISSING = 65535;

/** The mixed position of a row in the projection's coordinates, or null if it has none. */
export function positionOf(panel: Pick<Panel, "from" | "to" | "mix">, row: number): [number, number] | null {
  const from = placeIn(panel.from, row);
  const to = placeIn(panel.to, row);
  if (!from || !to) return from ?? to;
  return [from[0] + (to[0] - from[0]) * panel.mix, from[1] + (to[1] - from[1]) * panel.mix];
}

/** The position of a row in one slice, in the projection's coordinates, or null if it has none. */
export function placeIn({ xy, extent }: Slice, row: number): [number, number] | null {
  const qx = xy[2 * row];
  const qy = xy[2 * row + 1];
  if (qx === undefined || (qx === MISSING && qy === MISSING)) return null;
  return [
    extent[0] + (qx / MISSING) * (extent[2] - extent[0]),
    extent[1] + (qy / MISSING) * (extent[3] - extent[1]),
  ];
}

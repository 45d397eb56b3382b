import type { Affine, Size } from "../camera";

export type Color = readonly [number, number, number];

/** One step of a graph in columns, ready to draw. */
export interface FlowStep {
  step: number;
  /** Pairs by node: place on the colour scale 0..1 (-1: zero, -2: unknown), row of the palette. */
  nodes: Float32Array;
  /** Fours by line: from node, to node, place on the scale, row of the palette; from the weakest to the strongest. */
  links: Float32Array;
  nLinks: number;
}

export interface FlowPlaces {
  x: Float32Array;
  y: Float32Array;
  radius: Float32Array;
}

export interface FlowScene {
  /** Of the canvas, in CSS pixels. */
  size: Size;
  pixelRatio: number;
  /** Whoever lays out anew makes a new object. */
  places: FlowPlaces;
  /** From the places' coordinates to clip space. */
  view: Affine;
  /** Two steps: on the right of the front the one that comes, on the left the one that goes. */
  going: FlowStep | null;
  coming: FlowStep;
  /** Steps that may come next: their lines are drawn ahead where there are many. */
  next: readonly FlowStep[];
  /** x of the front; below all places: the pass is over. */
  front: number;
  frontWidth: number;
  /** How much the front shows itself, 0..1. */
  glow: number;
  /** How strongly is drawn what the front has not reached, 0..1. */
  ahead: number;
  /** Moves the dashes; they are back where they began after each second. */
  timeS: number;
  /** Rows of 256 RGBA texels: negative, positive, without sign. */
  palette: Uint8Array;
  ground: Color;
  muted: Color;
  accent: Color;
  /** Only the lines of this node stand out; -1: all alike. */
  focus: number;
  rings: readonly { node: number; color: Color }[];
}

/** Shared by all passes: where a node is. */
export const FLOW_PLACE_GLSL = `
uniform highp sampler2D u_places;
uniform vec4 u_view_linear;
uniform vec2 u_view_offset;
vec3 place_of(int node) { return texelFetch(u_places, ivec2(node & 1023, node >> 10), 0).xyz; }
vec2 to_clip(vec2 p) { return mat2(u_view_linear.xy, u_view_linear.zw) * p + u_view_offset; }
float near_front(float x, float front, float width) { float d = (x - front) / width; return exp(-d * d); }`;

export const FLOW_PLACE_UNIFORMS = ["u_places", "u_view_linear", "u_view_offset"] as const;
export const PLACES_WIDTH = 1024;

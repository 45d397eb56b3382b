import { startProgram, uniformsOf } from "../gl";
import { lazily } from "../lazily";
import { Level, type Panel, type PointStyles } from "./scene";

/** From normalised uint16 to clip space; a slice's missing points take the other slice's place, or lie too deep. */
export const PLACE_GLSL = `
uniform vec4 u_from_box, u_to_box; // minimum, size
uniform vec4 u_view_linear;
uniform vec2 u_view_offset;
uniform float u_mix;
const float TOO_DEEP = 2.0; // Is clipped.
vec4 place(vec2 from, vec2 to) {
  bool no_from = from == vec2(1.0), no_to = to == vec2(1.0);
  vec2 a = u_from_box.xy + from * u_from_box.zw;
  vec2 b = u_to_box.xy + to * u_to_box.zw;
  vec2 p = mix(a, b, no_from ? 1.0 : no_to ? 0.0 : u_mix);
  vec2 xy = mat2(u_view_linear.xy, u_view_linear.zw) * p + u_view_offset;
  return vec4(xy, no_from && no_to ? TOO_DEEP : 0.0, 1.0);
}`;

export const PLACE_UNIFORMS = ["u_from_box", "u_to_box", "u_view_linear", "u_view_offset", "u_mix"] as const;

/**
 * The shaders. Where all points are discs, they are without the other shapes: a software renderer takes about a third of a
 * first frame to compile them, and works out every shape for every pixel.
 */
const vertex = (shapes: boolean) => `#version 300 es
layout(location = 0) in vec2 a_from;
layout(location = 1) in vec2 a_to;
layout(location = 2) in uint a_entry;
layout(location = 3) in uint a_level;
uniform highp sampler2D u_palette;
uniform highp float u_diameter;
uniform float u_opacity;
uniform bool u_gray;
uniform uint u_level;
flat out vec4 v_color; // premultiplied
${shapes ? "flat out float v_diameter; flat out int v_shape;" : ""}
${PLACE_GLSL}
void main() {
  vec4 texel = texelFetch(u_palette, ivec2(int(a_entry & 255u), int(a_entry >> 8u)), 0);
  v_color = vec4(u_gray ? vec3(0.6) : texel.rgb, 1.0) * u_opacity;
  float diameter = u_diameter;
  ${shapes ? "v_shape = int(texel.a * 255.0 + 0.5); if (v_shape != 0) diameter += 1.0; v_diameter = diameter;" : ""}
  gl_PointSize = diameter + 1.0;
  gl_Position = place(a_from, a_to);
  if (a_level != u_level) gl_Position.z = TOO_DEEP;
}`;

const fragment = (shapes: boolean) => `#version 300 es
precision highp float;
flat in vec4 v_color;
${shapes ? "flat in float v_diameter; flat in int v_shape;" : "uniform float u_diameter;"}
out vec4 color;
float outside(vec2 p, float r) { // signed distance in pixels, per shape
${shapes ? OTHER_SHAPES : ""}
  return length(p) - r;
}
void main() {
  float diameter = ${shapes ? "v_diameter" : "u_diameter"};
  vec2 p = (gl_PointCoord - 0.5) * (diameter + 1.0);
  color = v_color * clamp(0.5 - outside(p, 0.5 * diameter), 0.0, 1.0);
}`;

const OTHER_SHAPES = `
  vec2 q = abs(p);
  if (v_shape == 1) return max(q.x, q.y) - r * 0.86;
  if (v_shape == 2) return (q.x + q.y - r * 1.2) * 0.7071;
  if (v_shape == 3) return max(p.y - r * 0.75, dot(vec2(q.x, -p.y), vec2(0.8944, 0.4472)) - r * 0.5);
  if (v_shape == 4) return max(min(q.x, q.y) - r * 0.36, max(q.x, q.y) - r);`;

const UNIFORMS = [...PLACE_UNIFORMS, "u_palette", "u_diameter", "u_opacity", "u_level", "u_gray"] as const;

/** Compiled while the positions are on their way. @param shapes whether any point is other than a disc. */
function createPointsProgram(gl: WebGL2RenderingContext, shapes: boolean) {
  const { program, check } = startProgram(gl, vertex(shapes), fragment(shapes));
  let uniforms: Record<(typeof UNIFORMS)[number], WebGLUniformLocation | null> | null = null;
  return {
    use() {
      if (!uniforms) {
        check();
        uniforms = uniformsOf(gl, program, UNIFORMS);
      }
      gl.useProgram(program);
      return uniforms;
    },
    dispose: () => gl.deleteProgram(program),
  };
}

export interface PointsPass {
  /** Uploads what is new of the marks. */
  setPointStyles(pointStyles: PointStyles): void;
  /** Whether any point is faded, or grey: looked at once per change, not in every frame. */
  readonly anyFaded: boolean;
  readonly anyGray: boolean;
  draw(panel: Panel, from: WebGLBuffer, to: WebGLBuffer, options: PointsOptions): void;
  dispose(): void;
}

export interface PointsOptions {
  level: number;
  opacity: number;
  pixelRatio: number;
  /** All in grey, whatever the palette says. */
  gray?: boolean;
  /** The panel's own levels; null: the marks'. */
  levels: WebGLBuffer | null;
}

/** Draws all points of one level as antialiased marks. */
export function createPointsPass(gl: WebGL2RenderingContext): PointsPass {
  const discs = createPointsProgram(gl, false);
  const shapes = lazily(() => createPointsProgram(gl, true));
  const entries = gl.createBuffer();
  const levels = gl.createBuffer();
  const palette = gl.createTexture();
  let shown: PointStyles | null = null;
  let anyFaded = false;
  let anyGray = false;
  let anyShape = false;

  return {
    setPointStyles(pointStyles) {
      if (pointStyles.entries !== shown?.entries) upload(gl, entries, pointStyles.entries);
      if (pointStyles.levels !== shown?.levels) {
        upload(gl, levels, pointStyles.levels);
        anyFaded = pointStyles.levels.includes(Level.faded);
        anyGray = pointStyles.levels.includes(Level.gray);
      }
      if (pointStyles.palette !== shown?.palette) uploadPalette(gl, palette, pointStyles.palette);
      if (pointStyles.palette !== shown?.palette || pointStyles.entries !== shown?.entries) {
        anyShape =
          hasShapes(pointStyles.palette) &&
          pointStyles.entries.some((entry) => pointStyles.palette[entry * 4 + 3] !== 0);
      }
      shown = pointStyles;
    },
    get anyFaded() {
      return anyFaded;
    },
    get anyGray() {
      return anyGray;
    },
    draw(panel, from, to, { level, opacity, pixelRatio, gray = false, levels: own }) {
      if (!shown) return;
      const uniforms = (anyShape ? shapes.get() : discs).use();
      setPlace(gl, uniforms, panel);
      gl.uniform1f(uniforms.u_diameter, panel.diameter * pixelRatio);
      gl.uniform1f(uniforms.u_opacity, opacity);
      gl.uniform1ui(uniforms.u_level, level);
      gl.uniform1i(uniforms.u_gray, gray ? 1 : 0);
      gl.activeTexture(gl.TEXTURE0);
      gl.bindTexture(gl.TEXTURE_2D, palette);
      gl.uniform1i(uniforms.u_palette, 0);
      bindPositions(gl, from, to);
      bindInteger(gl, 2, entries, gl.UNSIGNED_SHORT);
      bindInteger(gl, 3, own ?? levels, gl.UNSIGNED_BYTE);
      const nLevels = panel.levels?.length ?? shown.levels.length;
      const n = Math.min(shown.entries.length, nLevels, panel.from.xy.length / 2, panel.to.xy.length / 2);
      gl.drawArrays(gl.POINTS, 0, n);
    },
    dispose() {
      discs.dispose();
      shapes.dispose();
      gl.deleteBuffer(entries);
      gl.deleteBuffer(levels);
      gl.deleteTexture(palette);
    },
  };
}

/** Not so of scales, whose entries change with the epoch and need not be looked at. */
function hasShapes(palette: Uint8Array): boolean {
  return palette.some((byte, index) => index % 4 === 3 && byte !== 0);
}

export function setPlace(
  gl: WebGL2RenderingContext,
  uniforms: Record<(typeof PLACE_UNIFORMS)[number], WebGLUniformLocation | null>,
  { from, to, mix, view }: Panel,
): void {
  const box = ({ extent: [x0, y0, x1, y1] }: Panel["from"]) => [x0, y0, x1 - x0, y1 - y0];
  gl.uniform4fv(uniforms.u_from_box, box(from));
  gl.uniform4fv(uniforms.u_to_box, box(to));
  gl.uniform4f(uniforms.u_view_linear, view.a, view.b, view.c, view.d);
  gl.uniform2f(uniforms.u_view_offset, view.e, view.f);
  gl.uniform1f(uniforms.u_mix, mix);
}

export function bindPositions(gl: WebGL2RenderingContext, from: WebGLBuffer, to: WebGLBuffer): void {
  for (const [location, buffer] of [from, to].entries()) {
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.enableVertexAttribArray(location);
    gl.vertexAttribPointer(location, 2, gl.UNSIGNED_SHORT, true, 0, 0);
  }
}

function bindInteger(gl: WebGL2RenderingContext, location: number, buffer: WebGLBuffer, type: number): void {
  gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
  gl.enableVertexAttribArray(location);
  gl.vertexAttribIPointer(location, 1, type, 0, 0);
}

function upload(gl: WebGL2RenderingContext, buffer: WebGLBuffer, data: Uint8Array | Uint16Array): void {
  gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
  gl.bufferData(gl.ARRAY_BUFFER, data, gl.DYNAMIC_DRAW);
}

function uploadPalette(gl: WebGL2RenderingContext, texture: WebGLTexture, texels: Uint8Array): void {
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
  const rows = texels.length / 1024;
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, 256, rows, 0, gl.RGBA, gl.UNSIGNED_BYTE, texels);
}

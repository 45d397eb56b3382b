import { createProgram, uniformsOf } from "../gl";
import { createFrameResources } from "./frame_resources";
import type { Layer, Lines, Panel } from "./scene";

const VERTEX = `#version 300 es
layout(location = 0) in vec4 a_ends;
layout(location = 1) in vec4 a_color;
uniform vec4 u_view_linear;
uniform vec2 u_view_offset;
uniform vec2 u_half_size; // of the panel, in pixels
uniform float u_width;
out vec4 v_color;
out float v_off;
vec2 pixel(vec2 p) {
  return (mat2(u_view_linear.xy, u_view_linear.zw) * p + u_view_offset) * u_half_size;
}
void main() {
  vec2 p = pixel(a_ends.xy), q = pixel(a_ends.zw);
  vec2 along = q == p ? vec2(1.0, 0.0) : normalize(q - p);
  float side = (gl_VertexID & 1) == 0 ? -1.0 : 1.0;
  v_off = side * (u_width * 0.5 + 0.5);
  // A little longer than it is, so that bends have no cracks.
  vec2 end = gl_VertexID < 2 ? p - 0.3 * along : q + 0.3 * along;
  v_color = a_color;
  gl_Position = vec4((end + v_off * vec2(-along.y, along.x)) / u_half_size, 0.0, 1.0);
}`;

const FRAGMENT = `#version 300 es
precision highp float;
uniform float u_width, u_opacity;
uniform vec4 u_casing; // alpha 0: the piece's own colour
in vec4 v_color;
in float v_off;
out vec4 color;
void main() {
  float coverage = clamp(u_width * 0.5 + 0.5 - abs(v_off), 0.0, 1.0);
  vec4 paint = u_casing.a > 0.0 ? u_casing : v_color;
  float alpha = paint.a * coverage * u_opacity;
  color = vec4(paint.rgb * alpha, alpha);
}`;

const UNIFORMS = [
  ...(["u_view_linear", "u_view_offset", "u_half_size"] as const),
  ...(["u_width", "u_opacity", "u_casing"] as const),
] as const;
const WIDTH_PX = 1.3;
/** Lines are set off from the points by an edge in the ground's colour. */
const CASING_PX = 3.2;
const CASING_ALPHA = 0.6;

export interface LinePass {
  draw(panel: Panel, lines: Layer<Lines>, options: LineOptions): void;
  trim(): void;
  dispose(): void;
}

export interface LineOptions {
  ground: readonly [number, number, number];
  pixelRatio: number;
}

interface Uploaded {
  buffers: WebGLBuffer[];
  array: WebGLVertexArrayObject;
}

/** Draws pieces of lines in the plane, equally wide at any zoom. */
export function createLinePass(gl: WebGL2RenderingContext): LinePass {
  const program = createProgram(gl, VERTEX, FRAGMENT);
  const uniforms = uniformsOf(gl, program, UNIFORMS);
  const uploaded = createFrameResources(
    (lines: Lines) => upload(gl, lines),
    ({ buffers, array }) => {
      gl.deleteVertexArray(array);
      for (const buffer of buffers) gl.deleteBuffer(buffer);
    },
  );
  return {
    draw({ rect, view }, { content, opacity }, { ground, pixelRatio }) {
      const n = content.ends.length / 4;
      if (n === 0) return;
      gl.useProgram(program);
      gl.uniform4f(uniforms.u_view_linear, view.a, view.b, view.c, view.d);
      gl.uniform2f(uniforms.u_view_offset, view.e, view.f);
      gl.uniform2f(uniforms.u_half_size, (rect.width * pixelRatio) / 2, (rect.height * pixelRatio) / 2);
      gl.uniform1f(uniforms.u_opacity, opacity);
      gl.bindVertexArray(uploaded.of(content).array);
      gl.uniform1f(uniforms.u_width, CASING_PX * pixelRatio);
      gl.uniform4f(uniforms.u_casing, ...ground, CASING_ALPHA);
      gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, n);
      gl.uniform1f(uniforms.u_width, WIDTH_PX * pixelRatio);
      gl.uniform4f(uniforms.u_casing, 0, 0, 0, 0);
      gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, n);
      gl.bindVertexArray(null);
    },
    trim: uploaded.trim,
    dispose() {
      gl.deleteProgram(program);
      uploaded.dispose();
    },
  };
}

function upload(gl: WebGL2RenderingContext, { ends, colors }: Lines): Uploaded {
  const array = gl.createVertexArray();
  gl.bindVertexArray(array);
  const buffers = [ends, colors].map((data, location) => {
    const buffer = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW);
    gl.enableVertexAttribArray(location);
    if (location === 0) gl.vertexAttribPointer(location, 4, gl.FLOAT, false, 0, 0);
    else gl.vertexAttribPointer(location, 4, gl.UNSIGNED_BYTE, true, 0, 0);
    gl.vertexAttribDivisor(location, 1);
    return buffer;
  });
  gl.bindVertexArray(null);
  return { buffers, array };
}

import { createProgram, uniformsOf } from "../gl";
import { FLOW_PLACE_GLSL, FLOW_PLACE_UNIFORMS, type FlowScene } from "./scene";

const VERTEX = `#version 300 es
layout(location = 0) in vec4 a_link; // from, to, place on the scale, row of the palette
uniform highp sampler2D u_palette;
uniform vec2 u_viewport; // device pixels
uniform float u_ratio, u_thickness, u_focus, u_density, u_side, u_front;
uniform vec3 u_muted;
out vec4 v_color;
out float v_across, v_along, v_x;
flat out float v_half, v_share;
${FLOW_PLACE_GLSL}
/** Where on the way from x0 to x1 an end lies once the line is cut at the front: pixels beyond it would be for nothing. */
float cut(float t, float x0, float x1) {
  bool kept0 = u_side * (x0 - u_front) >= 0.0, kept1 = u_side * (x1 - u_front) >= 0.0;
  if (kept0 == kept1) return kept0 ? t : 0.0;
  float at = (u_front - x0) / (x1 - x0);
  return kept0 ? min(t, at) : max(t, at);
}
void main() {
  vec2 a = place_of(int(a_link.x)).xy, b = place_of(int(a_link.y)).xy;
  vec2 pa = to_clip(a) * u_viewport * 0.5, pb = to_clip(b) * u_viewport * 0.5;
  vec2 way = pa - pb;
  float length_px = max(length(way), 1e-3);
  vec2 normal = vec2(-way.y, way.x) / length_px;
  bool known = a_link.z > -1.5;
  float share = clamp(a_link.z, 0.0, 1.0);
  float width = mix(0.7, 2.8, share * share) * u_ratio * u_thickness;
  v_half = width * 0.5;
  float side = float(gl_VertexID & 1) * 2.0 - 1.0;
  float t = cut(float(gl_VertexID >> 1), b.x, a.x);
  v_across = side * (v_half + 0.5);
  v_along = t * length_px;
  v_x = mix(b.x, a.x, t);
  v_share = share;
  vec4 texel = texelFetch(u_palette, ivec2(int(share * 255.0 + 0.5), int(a_link.w)), 0);
  float alpha = known ? mix(0.07, 0.95, pow(share, 1.5)) * u_density : 0.18;
  bool other = u_focus >= 0.0 && a_link.x != u_focus && a_link.y != u_focus;
  v_color = vec4(known ? texel.rgb : u_muted, other ? alpha * 0.08 : max(alpha, u_focus >= 0.0 ? 0.35 : 0.0));
  vec2 p = mix(pb, pa, t) + normal * v_across;
  gl_Position = vec4(p / (u_viewport * 0.5), 0.0, 1.0);
}`;

/** Dashes run from the output to the input; the stronger the gradient, the more of a line they fill. */
const FRAGMENT = `#version 300 es
precision highp float;
in vec4 v_color;
in float v_across, v_along, v_x;
flat in float v_half, v_share;
uniform float u_ahead, u_front, u_front_width, u_glow, u_time, u_ratio;
out vec4 color;
float near_front(float x, float front, float width) { float d = (x - front) / width; return exp(-d * d); }
void main() {
  float coverage = clamp(v_half - abs(v_across) + 0.5, 0.0, 1.0);
  float period = 12.0 * u_ratio;
  float phase = fract((v_along - u_time * 60.0 * u_ratio) / period);
  float filled = mix(0.35, 1.15, v_share);
  float dash = smoothstep(0.0, 0.1, phase) * (1.0 - smoothstep(filled - 0.1, filled, phase));
  float here = near_front(v_x, u_front, u_front_width) * u_glow;
  float alpha = v_color.a * coverage * mix(mix(0.4, 1.0, dash), 1.0, step(1.05, filled));
  alpha = min(1.0, alpha * (1.0 + 2.0 * here * (0.3 + v_share)));
  alpha *= mix(u_ahead, 1.0, smoothstep(-0.5, 0.2, (v_x - u_front) / u_front_width));
  if (alpha <= 0.002) discard;
  color = vec4(v_color.rgb * alpha, alpha);
}`;

const UNIFORMS = [
  ...FLOW_PLACE_UNIFORMS,
  ...(["u_palette", "u_viewport", "u_ratio", "u_thickness", "u_focus", "u_density", "u_muted"] as const),
  ...(["u_side", "u_front", "u_front_width", "u_glow", "u_time", "u_ahead"] as const),
] as const;

const LINE_BYTES = 16;
/** Beyond so many lines each is drawn paler, so that the strong ones are seen. */
const DENSE = 4000;

/** Of the lines in a buffer those that are drawn. */
export interface Lines {
  buffer: WebGLBuffer;
  first: number;
  n: number;
  /** Lines of the whole picture. */
  nAll: number;
}

/** 1: what lies on the right of the front, -1: on the left, 0: everywhere. */
export type Side = -1 | 0 | 1;

export interface LinksPass {
  draw(scene: FlowScene, lines: Lines, side: Side): void;
  dispose(): void;
}

/** Draws the lines between nodes as quads, one instance each. */
export function createLinksPass(gl: WebGL2RenderingContext): LinksPass {
  const program = createProgram(gl, VERTEX, FRAGMENT);
  const uniforms = uniformsOf(gl, program, UNIFORMS);
  return {
    draw(scene, { buffer, first, n, nAll }, side) {
      if (n === 0) return;
      const { view, size, pixelRatio } = scene;
      gl.useProgram(program);
      gl.uniform1i(uniforms.u_places, 0);
      gl.uniform1i(uniforms.u_palette, 1);
      gl.uniform4f(uniforms.u_view_linear, view.a, view.b, view.c, view.d);
      gl.uniform2f(uniforms.u_view_offset, view.e, view.f);
      gl.uniform2f(uniforms.u_viewport, size.width * pixelRatio, size.height * pixelRatio);
      gl.uniform1f(uniforms.u_ratio, pixelRatio);
      gl.uniform1f(uniforms.u_thickness, thicknessOf(scene));
      gl.uniform1f(uniforms.u_focus, scene.focus);
      gl.uniform1f(uniforms.u_density, Math.min(1, Math.max(0.25, Math.sqrt(DENSE / nAll))));
      gl.uniform3fv(uniforms.u_muted, scene.muted);
      gl.uniform1f(uniforms.u_side, side);
      gl.uniform1f(uniforms.u_front, scene.front);
      gl.uniform1f(uniforms.u_front_width, scene.frontWidth);
      gl.uniform1f(uniforms.u_glow, scene.glow);
      gl.uniform1f(uniforms.u_time, scene.timeS);
      gl.uniform1f(uniforms.u_ahead, scene.ahead);
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.enableVertexAttribArray(0);
      gl.vertexAttribPointer(0, 4, gl.FLOAT, false, LINE_BYTES, first * LINE_BYTES);
      gl.vertexAttribDivisor(0, 1);
      gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, n);
      gl.vertexAttribDivisor(0, 0);
    },
    dispose() {
      gl.deleteProgram(program);
    },
  };
}

/** Lines are thinner where nodes are small. */
function thicknessOf({ view, size }: FlowScene): number {
  const rowPx = (Math.abs(view.d) * size.height) / 2;
  return Math.min(1.6, Math.max(0.6, rowPx / 14));
}

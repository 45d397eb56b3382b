import { createProgram, uniformsOf } from "../gl";
import { FLOW_PLACE_GLSL, FLOW_PLACE_UNIFORMS, type FlowScene } from "./scene";

const VERTEX = `#version 300 es
layout(location = 0) in vec2 a_going; // place on the scale, row of the palette
layout(location = 1) in vec2 a_coming;
uniform highp sampler2D u_palette;
uniform float u_row_px, u_ratio, u_front, u_front_width, u_glow, u_ahead;
flat out vec4 v_color;
flat out float v_lit, v_radius, v_size, v_share, v_halo, v_rest;
${FLOW_PLACE_GLSL}
void main() {
  vec3 at = place_of(gl_VertexID);
  vec2 value = at.x >= u_front ? a_coming : a_going;
  float here = near_front(at.x, u_front, u_front_width) * u_glow;
  v_share = value.x;
  v_lit = mix(u_ahead, 1.0, smoothstep(-0.5, 0.2, (at.x - u_front) / u_front_width));
  v_rest = at.z > 0.5 ? 1.0 : 0.0;
  v_radius = max(1.2 * u_ratio, at.z * u_row_px);
  v_halo = here * clamp(value.x + 0.25, 0.0, 1.0);
  v_size = 2.0 * v_radius * (1.0 + 0.9 * v_halo) + 3.0;
  v_color = texelFetch(u_palette, ivec2(int(clamp(value.x, 0.0, 1.0) * 255.0 + 0.5), int(value.y)), 0);
  gl_PointSize = v_size;
  gl_Position = vec4(to_clip(at.xy), 0.0, 1.0);
}`;

/** A disc; hollow where the value is zero; a dot where it is unknown; with a second ring where it stands for many. */
const FRAGMENT = `#version 300 es
precision highp float;
flat in vec4 v_color;
flat in float v_lit, v_radius, v_size, v_share, v_halo, v_rest;
uniform vec3 u_ground, u_muted;
uniform float u_ratio;
out vec4 color;
void main() {
  float d = length(gl_PointCoord - 0.5) * v_size;
  float inside = clamp(v_radius - d + 0.5, 0.0, 1.0);
  float line = max(1.0, 0.9 * u_ratio);
  float rim = clamp(line * 0.5 + 0.5 - abs(d - v_radius + line * 0.5), 0.0, 1.0) * step(4.0, v_radius);
  vec3 fill = v_share < 0.0 ? u_ground : mix(u_ground, v_color.rgb, v_lit);
  if (v_share < -1.5) {
    float dot_radius = max(1.0 * u_ratio, v_radius * 0.3);
    fill = mix(u_ground, u_muted, clamp(dot_radius - d + 0.5, 0.0, 1.0));
    rim = 0.0;
  }
  float second = clamp(line - abs(d - v_radius * 0.62), 0.0, 1.0) * v_rest * step(5.0, v_radius);
  vec3 body = mix(fill, u_muted, max(rim * 0.55, second * 0.8));
  float halo = v_halo * 0.7 * clamp(1.0 - (d - v_radius) / (0.9 * v_radius * max(v_halo, 0.01)), 0.0, 1.0);
  float alpha = max(inside, halo);
  if (alpha <= 0.0) discard;
  vec3 rgb = inside > 0.0 ? mix(v_color.rgb, body, inside) : v_color.rgb;
  color = vec4(rgb * alpha, alpha);
}`;

const RING_VERTEX = `#version 300 es
uniform float u_row_px, u_ratio;
uniform int u_node;
flat out float v_radius, v_size;
${FLOW_PLACE_GLSL}
void main() {
  vec3 at = place_of(u_node);
  v_radius = max(1.2 * u_ratio, at.z * u_row_px) + 3.0 * u_ratio;
  v_size = 2.0 * v_radius + 4.0 * u_ratio;
  gl_PointSize = v_size;
  gl_Position = vec4(to_clip(at.xy), 0.0, 1.0);
}`;

const RING_FRAGMENT = `#version 300 es
precision highp float;
flat in float v_radius, v_size;
uniform float u_ratio;
uniform vec3 u_color;
out vec4 color;
void main() {
  float d = length(gl_PointCoord - 0.5) * v_size;
  float alpha = clamp(u_ratio - abs(d - v_radius) + 0.5, 0.0, 1.0);
  if (alpha <= 0.0) discard;
  color = vec4(u_color * alpha, alpha);
}`;

const UNIFORMS = [
  ...FLOW_PLACE_UNIFORMS,
  ...([
    "u_palette",
    "u_row_px",
    "u_ratio",
    "u_front",
    "u_front_width",
    "u_glow",
    "u_ground",
    "u_muted",
    "u_ahead",
  ] as const),
] as const;
const RING_UNIFORMS = [...FLOW_PLACE_UNIFORMS, "u_row_px", "u_ratio", "u_node", "u_color"] as const;

export interface NodesPass {
  draw(scene: FlowScene, going: WebGLBuffer, coming: WebGLBuffer): void;
  dispose(): void;
}

/** Draws the nodes, and a ring around each marked one. */
export function createNodesPass(gl: WebGL2RenderingContext): NodesPass {
  const program = createProgram(gl, VERTEX, FRAGMENT);
  const uniforms = uniformsOf(gl, program, UNIFORMS);
  const ringProgram = createProgram(gl, RING_VERTEX, RING_FRAGMENT);
  const ringUniforms = uniformsOf(gl, ringProgram, RING_UNIFORMS);
  type Located = Record<
    (typeof FLOW_PLACE_UNIFORMS)[number] | "u_row_px" | "u_ratio",
    WebGLUniformLocation | null
  >;
  const setView = (located: Located, { view, size, pixelRatio }: FlowScene) => {
    gl.uniform1i(located.u_places, 0);
    gl.uniform4f(located.u_view_linear, view.a, view.b, view.c, view.d);
    gl.uniform2f(located.u_view_offset, view.e, view.f);
    gl.uniform1f(located.u_row_px, (Math.abs(view.d) * size.height * pixelRatio) / 2);
    gl.uniform1f(located.u_ratio, pixelRatio);
  };
  return {
    draw(scene, going, coming) {
      gl.useProgram(program);
      setView(uniforms, scene);
      gl.uniform1i(uniforms.u_palette, 1);
      gl.uniform1f(uniforms.u_front, scene.front);
      gl.uniform1f(uniforms.u_front_width, scene.frontWidth);
      gl.uniform1f(uniforms.u_glow, scene.glow);
      gl.uniform1f(uniforms.u_ahead, scene.ahead);
      gl.uniform3fv(uniforms.u_ground, scene.ground);
      gl.uniform3fv(uniforms.u_muted, scene.muted);
      for (const [location, buffer] of [going, coming].entries()) {
        gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
        gl.enableVertexAttribArray(location);
        gl.vertexAttribPointer(location, 2, gl.FLOAT, false, 0, 0);
      }
      gl.drawArrays(gl.POINTS, 0, scene.places.x.length);
      for (const location of [0, 1]) gl.disableVertexAttribArray(location);
      gl.useProgram(ringProgram);
      setView(ringUniforms, scene);
      for (const { node, color } of scene.rings) {
        gl.uniform1i(ringUniforms.u_node, node);
        gl.uniform3fv(ringUniforms.u_color, color);
        gl.drawArrays(gl.POINTS, 0, 1);
      }
    },
    dispose() {
      gl.deleteProgram(program);
      gl.deleteProgram(ringProgram);
    },
  };
}

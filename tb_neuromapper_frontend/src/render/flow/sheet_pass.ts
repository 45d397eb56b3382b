import { apply, invert } from "../camera";
import { createProgram, uniformsOf } from "../gl";
import type { LinkSheet } from "./link_sheets";
import type { Side } from "./links_pass";
import { FLOW_PLACE_GLSL, type FlowScene } from "./scene";

const VERTEX = `#version 300 es
uniform vec4 u_sheet; // from clip space to the sheet's: factors, offsets
uniform vec2 u_place; // from clip space to x among the places: factor, offset
out vec2 v_at;
out float v_x;
void main() {
  vec2 clip = vec2(gl_VertexID & 1, gl_VertexID >> 1) * 2.0 - 1.0;
  v_at = (u_sheet.xy * clip + u_sheet.zw) * 0.5 + 0.5;
  v_x = u_place.x * clip.x + u_place.y;
  gl_Position = vec4(clip, 0.0, 1.0);
}`;

/** The front lights and dims all lines of a place alike. */
const FRAGMENT = `#version 300 es
precision highp float;
in vec2 v_at;
in float v_x;
uniform sampler2D u_texture;
uniform float u_side, u_front, u_front_width, u_glow, u_ahead, u_opacity;
out vec4 color;
${FLOW_PLACE_GLSL}
void main() {
  if (u_side * (v_x - u_front) < 0.0 || v_at != clamp(v_at, 0.0, 1.0)) discard;
  float here = near_front(v_x, u_front, u_front_width) * u_glow;
  float lit = mix(u_ahead, 1.0, smoothstep(-0.5, 0.2, (v_x - u_front) / u_front_width));
  color = texture(u_texture, v_at) * (1.0 + here) * lit;
  color = color * u_opacity / max(1.0, color.a);
}`;

const UNIFORMS = [
  ...(["u_sheet", "u_place", "u_texture", "u_side", "u_front", "u_front_width", "u_glow"] as const),
  ...(["u_ahead", "u_opacity"] as const),
] as const;
/** Of all lines, while those of one node stand out. */
const BESIDE_FOCUS = 0.15;

export interface SheetPass {
  draw(scene: FlowScene, sheet: LinkSheet, side: Side): void;
  dispose(): void;
}

/** Draws the lines of a step that are on a sheet. */
export function createSheetPass(gl: WebGL2RenderingContext): SheetPass {
  const program = createProgram(gl, VERTEX, FRAGMENT);
  const uniforms = uniformsOf(gl, program, UNIFORMS);
  return {
    draw(scene, { texture, view }, side) {
      const back = invert(scene.view);
      const [x0, y0] = apply(view, ...apply(back, 0, 0));
      const [x1, y1] = apply(view, ...apply(back, 1, 1));
      gl.useProgram(program);
      gl.activeTexture(gl.TEXTURE2);
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.uniform1i(uniforms.u_texture, 2);
      gl.uniform4f(uniforms.u_sheet, x1 - x0, y1 - y0, x0, y0);
      gl.uniform2f(uniforms.u_place, back.a, back.e);
      gl.uniform1f(uniforms.u_side, side);
      gl.uniform1f(uniforms.u_front, scene.front);
      gl.uniform1f(uniforms.u_front_width, scene.frontWidth);
      gl.uniform1f(uniforms.u_glow, scene.glow);
      gl.uniform1f(uniforms.u_ahead, scene.ahead);
      gl.uniform1f(uniforms.u_opacity, scene.focus >= 0 ? BESIDE_FOCUS : 1);
      gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
    },
    dispose() {
      gl.deleteProgram(program);
    },
  };
}

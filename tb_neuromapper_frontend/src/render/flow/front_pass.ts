import { createProgram, uniformsOf } from "../gl";
import type { FlowScene } from "./scene";

const VERTEX = `#version 300 es
uniform float u_left, u_right; // clip space
out float v_place;
void main() {
  float t = float(gl_VertexID >> 1);
  v_place = t * 2.0 - 1.0;
  gl_Position = vec4(mix(u_left, u_right, t), float(gl_VertexID & 1) * 2.0 - 1.0, 0.0, 1.0);
}`;

const FRAGMENT = `#version 300 es
precision highp float;
in float v_place;
uniform vec3 u_color;
uniform float u_opacity;
out vec4 color;
void main() {
  // Steep towards the input, where it goes; a tail behind it.
  float at = v_place < 0.0 ? smoothstep(-0.35, 0.0, v_place) : 1.0 - smoothstep(0.0, 1.0, v_place);
  float alpha = at * u_opacity;
  color = vec4(u_color * alpha, alpha);
}`;

export interface FrontPass {
  draw(scene: FlowScene): void;
  dispose(): void;
}

/** Draws the front that goes from the output to the input as a soft band. */
export function createFrontPass(gl: WebGL2RenderingContext): FrontPass {
  const program = createProgram(gl, VERTEX, FRAGMENT);
  const uniforms = uniformsOf(gl, program, ["u_left", "u_right", "u_color", "u_opacity"]);
  return {
    draw({ view, front, frontWidth, glow, accent }) {
      if (glow <= 0) return;
      gl.useProgram(program);
      gl.uniform1f(uniforms.u_left, view.a * (front - 2 * frontWidth) + view.e);
      gl.uniform1f(uniforms.u_right, view.a * (front + 2 * frontWidth) + view.e);
      gl.uniform3fv(uniforms.u_color, accent);
      gl.uniform1f(uniforms.u_opacity, 0.16 * glow);
      gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
    },
    dispose() {
      gl.deleteProgram(program);
    },
  };
}

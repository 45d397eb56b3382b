import { createProgram, uniformsOf } from "../gl";
import { bindPositions, PLACE_GLSL, PLACE_UNIFORMS, setPlace } from "./points_pass";
import type { Panel, Ring } from "./scene";

const VERTEX = `#version 300 es
layout(location = 0) in vec2 a_from;
layout(location = 1) in vec2 a_to;
uniform float u_diameter;
${PLACE_GLSL}
void main() {
  gl_PointSize = u_diameter + 2.0;
  gl_Position = place(a_from, a_to);
}`;

const FRAGMENT = `#version 300 es
precision highp float;
uniform float u_diameter, u_width;
uniform vec3 u_color;
out vec4 color;
void main() {
  float distance = length(gl_PointCoord - 0.5) * (u_diameter + 2.0);
  float off = abs(distance - (u_diameter - u_width) * 0.5) - u_width * 0.5;
  float alpha = clamp(0.5 - off, 0.0, 1.0);
  if (alpha <= 0.0) discard;
  color = vec4(u_color * alpha, alpha);
}`;

const UNIFORMS = [...PLACE_UNIFORMS, "u_diameter", "u_width", "u_color"] as const;

export interface RingPass {
  draw(panel: Panel, from: WebGLBuffer, to: WebGLBuffer, ring: Ring, pixelRatio: number): void;
  dispose(): void;
}

/** Draws a ring around one point. */
export function createRingPass(gl: WebGL2RenderingContext): RingPass {
  const program = createProgram(gl, VERTEX, FRAGMENT);
  const uniforms = uniformsOf(gl, program, UNIFORMS);
  return {
    draw(panel, from, to, ring, pixelRatio) {
      if (ring.row < 0 || 2 * ring.row >= Math.min(panel.from.xy.length, panel.to.xy.length)) return;
      gl.useProgram(program);
      setPlace(gl, uniforms, panel);
      gl.uniform1f(uniforms.u_diameter, ring.diameter * pixelRatio);
      gl.uniform1f(uniforms.u_width, 2 * pixelRatio);
      gl.uniform3fv(uniforms.u_color, ring.color);
      gl.disableVertexAttribArray(2);
      gl.disableVertexAttribArray(3);
      bindPositions(gl, from, to);
      gl.drawArrays(gl.POINTS, ring.row, 1);
    },
    dispose() {
      gl.deleteProgram(program);
    },
  };
}

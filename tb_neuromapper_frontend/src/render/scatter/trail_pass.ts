import { createProgram, uniformsOf } from "../gl";
import type { Panel, Trail } from "./scene";
import { TRAIL_FLOATS, trailTriangles } from "./trail";

const VERTEX = `#version 300 es
layout(location = 0) in vec3 a_vertex; // pixels of the panel, opacity
uniform vec2 u_size;
out float v_opacity;
void main() {
  v_opacity = a_vertex.z;
  gl_Position = vec4(a_vertex.xy / u_size * vec2(2.0, -2.0) + vec2(-1.0, 1.0), 0.0, 1.0);
}`;

const FRAGMENT = `#version 300 es
precision highp float;
in float v_opacity;
uniform vec3 u_color;
out vec4 color;
void main() {
  color = vec4(u_color * v_opacity, v_opacity);
}`;

const WIDTH_PX = 1.5;

export interface TrailPass {
  draw(panel: Panel, trail: Trail): void;
  dispose(): void;
}

/** Draws the path of one sample through the epochs. */
export function createTrailPass(gl: WebGL2RenderingContext): TrailPass {
  const program = createProgram(gl, VERTEX, FRAGMENT);
  const uniforms = uniformsOf(gl, program, ["u_size", "u_color"]);
  const buffer = gl.createBuffer();
  return {
    draw({ rect }, { points, color }) {
      const vertices = trailTriangles(points, WIDTH_PX);
      if (vertices.length === 0) return;
      gl.useProgram(program);
      gl.uniform2f(uniforms.u_size, rect.width, rect.height);
      gl.uniform3fv(uniforms.u_color, color);
      for (const location of [1, 2, 3]) gl.disableVertexAttribArray(location);
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.bufferData(gl.ARRAY_BUFFER, vertices, gl.STREAM_DRAW);
      gl.enableVertexAttribArray(0);
      gl.vertexAttribPointer(0, TRAIL_FLOATS, gl.FLOAT, false, 0, 0);
      gl.drawArrays(gl.TRIANGLES, 0, vertices.length / TRAIL_FLOATS);
    },
    dispose() {
      gl.deleteProgram(program);
      gl.deleteBuffer(buffer);
    },
  };
}

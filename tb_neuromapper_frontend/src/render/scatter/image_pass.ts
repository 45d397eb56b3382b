import { createProgram, uniformsOf } from "../gl";
import { createFrameResources } from "./frame_resources";
import type { DensityImage, Layer, Panel } from "./scene";

const VERTEX = `#version 300 es
uniform vec4 u_box; // minimum, size
uniform vec4 u_view_linear;
uniform vec2 u_view_offset;
out vec2 v_at;
void main() {
  v_at = vec2(gl_VertexID & 1, gl_VertexID >> 1);
  vec2 p = u_box.xy + v_at * u_box.zw;
  gl_Position = vec4(mat2(u_view_linear.xy, u_view_linear.zw) * p + u_view_offset, 0.0, 1.0);
}`;

const FRAGMENT = `#version 300 es
precision highp float;
uniform sampler2D u_image;
uniform float u_opacity;
in vec2 v_at;
out vec4 color;
void main() {
  color = texture(u_image, v_at) * u_opacity;
}`;

const UNIFORMS = ["u_box", "u_view_linear", "u_view_offset", "u_image", "u_opacity"] as const;

export interface ImagePass {
  draw(panel: Panel, image: Layer<DensityImage>): void;
  trim(): void;
  dispose(): void;
}

/** Draws a picture of the plane where it lies in the view. */
export function createImagePass(gl: WebGL2RenderingContext): ImagePass {
  const program = createProgram(gl, VERTEX, FRAGMENT);
  const uniforms = uniformsOf(gl, program, UNIFORMS);
  const corners = gl.createVertexArray();
  const textures = createFrameResources(
    (image: DensityImage) => upload(gl, image),
    (texture) => gl.deleteTexture(texture),
  );
  return {
    draw({ view }, { content, opacity }) {
      const [x0, y0, x1, y1] = content.box;
      gl.useProgram(program);
      gl.uniform4f(uniforms.u_box, x0, y0, x1 - x0, y1 - y0);
      gl.uniform4f(uniforms.u_view_linear, view.a, view.b, view.c, view.d);
      gl.uniform2f(uniforms.u_view_offset, view.e, view.f);
      gl.uniform1f(uniforms.u_opacity, opacity);
      gl.uniform1i(uniforms.u_image, 0);
      gl.activeTexture(gl.TEXTURE0);
      gl.bindTexture(gl.TEXTURE_2D, textures.of(content));
      gl.bindVertexArray(corners);
      gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
      gl.bindVertexArray(null);
    },
    trim: textures.trim,
    dispose() {
      gl.deleteProgram(program);
      gl.deleteVertexArray(corners);
      textures.dispose();
    },
  };
}

function upload(gl: WebGL2RenderingContext, { width, height, texels }: DensityImage): WebGLTexture {
  const texture = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, width, height, 0, gl.RGBA, gl.UNSIGNED_BYTE, texels);
  for (const side of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T])
    gl.texParameteri(gl.TEXTURE_2D, side, gl.CLAMP_TO_EDGE);
  for (const filter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER])
    gl.texParameteri(gl.TEXTURE_2D, filter, gl.LINEAR);
  return texture;
}

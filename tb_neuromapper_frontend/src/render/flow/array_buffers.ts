/** Float arrays on the GPU, one buffer each, for as long as frames draw them. */
export interface ArrayBuffers {
  /** The buffer with this array; uploads it if it is not on the GPU. */
  buffer(array: Float32Array): WebGLBuffer;
  /** Frees what none of the last `KEPT_FRAMES` frames drew; call it once a frame. */
  trim(): void;
  readonly count: number;
  dispose(): void;
}

/** Stepping back and forth uploads nothing. */
const KEPT_FRAMES = 240;

export function createArrayBuffers(gl: WebGL2RenderingContext): ArrayBuffers {
  const buffers = new Map<Float32Array, { buffer: WebGLBuffer; drawnAt: number }>();
  let frame = 0;
  return {
    buffer(array) {
      const known = buffers.get(array);
      if (known) {
        known.drawnAt = frame;
        return known.buffer;
      }
      const buffer = gl.createBuffer();
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.bufferData(gl.ARRAY_BUFFER, array, gl.STATIC_DRAW);
      buffers.set(array, { buffer, drawnAt: frame });
      return buffer;
    },
    trim() {
      frame += 1;
      for (const [array, { buffer, drawnAt }] of buffers) {
        if (frame - drawnAt <= KEPT_FRAMES) continue;
        gl.deleteBuffer(buffer);
        buffers.delete(array);
      }
    },
    get count() {
      return buffers.size;
    },
    dispose() {
      for (const { buffer } of buffers.values()) gl.deleteBuffer(buffer);
      buffers.clear();
    },
  };
}

/** Levels that hold for one panel only, on the GPU. */
export interface LevelBuffers {
  /** The buffer with these levels; uploads them if they are not on the GPU. */
  buffer(levels: Uint8Array): WebGLBuffer;
  /** Frees what this frame did not draw; call it once a frame. */
  trim(): void;
  dispose(): void;
}

export function createLevelBuffers(gl: WebGL2RenderingContext): LevelBuffers {
  const buffers = new Map<Uint8Array, WebGLBuffer>();
  let inFrame = new Set<Uint8Array>();
  const remove = (levels: Uint8Array, buffer: WebGLBuffer) => {
    gl.deleteBuffer(buffer);
    buffers.delete(levels);
  };
  return {
    buffer(levels) {
      inFrame.add(levels);
      const known = buffers.get(levels);
      if (known) return known;
      const buffer = gl.createBuffer();
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.bufferData(gl.ARRAY_BUFFER, levels, gl.STATIC_DRAW);
      buffers.set(levels, buffer);
      return buffer;
    },
    trim() {
      for (const [levels, buffer] of buffers) if (!inFrame.has(levels)) remove(levels, buffer);
      inFrame = new Set();
    },
    dispose() {
      for (const [levels, buffer] of buffers) remove(levels, buffer);
    },
  };
}

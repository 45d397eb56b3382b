import type { Slice } from "./scene";

export interface SliceBuffers {
  /** The buffer with this slice's positions; uploads them if they are not on the GPU. */
  buffer(slice: Slice): WebGLBuffer;
  /**
   * Frees what this frame did not draw and nobody keeps, and the least recently used slices until the rest fits the
   * budget; call it once a frame.
   */
  trim(isKept: (slice: Slice) => boolean): void;
  readonly count: number;
  dispose(): void;
}

/** The slices' positions on the GPU, at most `budgetBytes` of them between two frames. */
export function createSliceBuffers(gl: WebGL2RenderingContext, budgetBytes: number): SliceBuffers {
  // A Map keeps insertion order, so the first key is the least recently used slice.
  const buffers = new Map<Slice, WebGLBuffer>();
  let usedBytes = 0;
  let inFrame = new Set<Slice>();

  const remove = (slice: Slice, buffer: WebGLBuffer) => {
    gl.deleteBuffer(buffer);
    buffers.delete(slice);
    usedBytes -= slice.xy.byteLength;
  };
  return {
    buffer(slice) {
      inFrame.add(slice);
      const known = buffers.get(slice);
      if (known) {
        buffers.delete(slice);
        buffers.set(slice, known);
        return known;
      }
      const buffer = gl.createBuffer();
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.bufferData(gl.ARRAY_BUFFER, slice.xy, gl.STATIC_DRAW);
      buffers.set(slice, buffer);
      usedBytes += slice.xy.byteLength;
      return buffer;
    },
    trim(isKept) {
      for (const [slice, buffer] of buffers) {
        if (inFrame.has(slice)) continue;
        if (usedBytes > budgetBytes || !isKept(slice)) remove(slice, buffer);
      }
      inFrame = new Set();
    },
    get count() {
      return buffers.size;
    },
    dispose() {
      for (const [slice, buffer] of buffers) remove(slice, buffer);
    },
  };
}

import { createLruCache } from "../../lru_cache";
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
  const buffers = createLruCache<Slice, WebGLBuffer>({
    budget: budgetBytes,
    sizeOf: (_, slice) => slice.xy.byteLength,
    onDrop: (buffer) => gl.deleteBuffer(buffer),
  });
  let inFrame = new Set<Slice>();
  return {
    buffer(slice) {
      inFrame.add(slice);
      const known = buffers.get(slice);
      if (known) return known;
      const buffer = gl.createBuffer();
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.bufferData(gl.ARRAY_BUFFER, slice.xy, gl.STATIC_DRAW);
      buffers.set(slice, buffer);
      return buffer;
    },
    trim(isKept) {
      for (const slice of buffers.keys()) if (!inFrame.has(slice) && !isKept(slice)) buffers.delete(slice);
      buffers.trim((slice) => inFrame.has(slice));
      inFrame = new Set();
    },
    get count() {
      return buffers.count;
    },
    dispose: buffers.clear,
  };
}

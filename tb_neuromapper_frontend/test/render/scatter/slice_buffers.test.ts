import { expect, it } from "vitest";
import type { Slice } from "../../../src/render/scatter/scene";
import { createSliceBuffers } from "../../../src/render/scatter/slice_buffers";

/** Counts the buffers that exist: the one part of WebGL that matters here and that Node does not have. */
function countingGl() {
  const alive = new Set<object>();
  const gl = {
    createBuffer() {
      const buffer = {};
      alive.add(buffer);
      return buffer;
    },
    deleteBuffer: (buffer: object) => alive.delete(buffer),
    bindBuffer() {},
    bufferData() {},
  };
  return { gl: gl as unknown as WebGL2RenderingContext, alive };
}

function slice(): Slice {
  return { xy: new Uint16Array(50), extent: [0, 0, 1, 1] };
}

const all = () => true;

it("a slice is uploaded once, and again after it was freed", () => {
  const { gl, alive } = countingGl();
  const buffers = createSliceBuffers(gl, 1000);
  const one = slice();
  expect(buffers.buffer(one)).toBe(buffers.buffer(one));
  expect(alive.size).toBe(1);
  buffers.dispose();
  expect([alive.size, buffers.count]).toEqual([0, 0]);
});

it("beyond the budget the least recently used slices are freed, those in the frame never", () => {
  const { gl, alive } = countingGl();
  const buffers = createSliceBuffers(gl, 250);
  const [a, b, c, d] = [slice(), slice(), slice(), slice()];
  for (const each of [a, b, c]) {
    buffers.buffer(each);
    buffers.trim(all);
  }
  expect(alive.size).toBe(2);
  const kept = buffers.buffer(c);
  for (const each of [a, b, c, d]) buffers.buffer(each);
  buffers.trim(all);
  expect(alive.size).toBe(4);
  buffers.buffer(c);
  buffers.trim(all);
  expect(alive.size).toBe(2);
  expect(buffers.buffer(c)).toBe(kept);
});

it("a slice that nobody keeps is freed as soon as it is not drawn", () => {
  const { gl, alive } = countingGl();
  const buffers = createSliceBuffers(gl, 1e6);
  buffers.buffer(slice());
  buffers.trim(() => false);
  expect(alive.size).toBe(1);
  buffers.trim(() => false);
  expect(alive.size).toBe(0);
});

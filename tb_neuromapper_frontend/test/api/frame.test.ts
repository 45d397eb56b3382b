import { describe, expect, it } from "vitest";
import { ApiError } from "../../src/api/errors";
import { parseFrame } from "../../src/api/frame";

interface Part {
  name: string;
  dtype: string;
  shape: number[];
  data: ArrayBufferView;
}

function encode(
  parts: Part[],
  attributes: object = {},
  change: (header: Record<string, unknown>) => void = () => {},
) {
  let offset = 0;
  const arrays = parts.map(({ name, dtype, shape, data }) => {
    const entry = { name, dtype, shape, offset };
    offset += Math.ceil(data.byteLength / 8) * 8;
    return entry;
  });
  const header: Record<string, unknown> = { arrays, ...attributes };
  header.arrays = structuredClone(arrays);
  change(header);
  let text = new TextEncoder().encode(JSON.stringify(header));
  const padded = new Uint8Array(Math.ceil(text.length / 8) * 8).fill(32);
  padded.set(text);
  text = padded;
  const bytes = new Uint8Array(8 + text.length + offset);
  bytes.set(new TextEncoder().encode("NMF1"));
  new DataView(bytes.buffer).setUint32(4, text.length, true);
  bytes.set(text, 8);
  for (const [index, { data }] of parts.entries()) {
    bytes.set(
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      8 + text.length + arrays[index].offset,
    );
  }
  return bytes.buffer;
}

const XY: Part = { name: "é", dtype: "uint16", shape: [3, 2], data: new Uint16Array([1, 2, 3, 4, 5, 65535]) };
const LOSS: Part = {
  name: "loss",
  dtype: "float32",
  shape: [3],
  data: new Float32Array([0.5, -1, Number.NaN]),
};

function failure(run: () => unknown): ApiError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(ApiError);
    return error as ApiError;
  }
  throw new Error("nothing was thrown");
}

describe("parseFrame", () => {
  it("gives back arrays, shapes and attributes", () => {
    const frame = parseFrame(encode([XY, LOSS], { step: 4 }));
    expect(frame.attributes).toEqual({ step: 4 });
    expect(frame.arrays.get("é")).toEqual({ data: XY.data, shape: [3, 2] });
    expect(frame.arrays.get("loss")?.data).toEqual(LOSS.data);
  });

  it("reads an array without elements", () => {
    const empty = { name: "none", dtype: "int32", shape: [0], data: new Int32Array(0) };
    expect(parseFrame(encode([empty])).arrays.get("none")?.data).toEqual(new Int32Array(0));
  });

  it("reads every dtype", () => {
    const parts = [
      { name: "a", dtype: "uint8", shape: [1], data: new Uint8Array([255]) },
      { name: "b", dtype: "int32", shape: [1], data: new Int32Array([-7]) },
    ];
    const { arrays } = parseFrame(encode(parts));
    expect([...arrays.values()].map(({ data }) => data[0])).toEqual([255, -7]);
  });

  it("is cut off at any length: an error in words, never garbage", () => {
    const whole = encode([XY, LOSS], { step: 4 });
    for (let length = 0; length < whole.byteLength - 8; length++) {
      expect(failure(() => parseFrame(whole.slice(0, length))).kind).toBe("broken");
    }
  });

  it.each([
    ["another magic number", (bytes: Uint8Array) => bytes.set([88], 0), "NMF1"],
    ["a header longer than the frame", (bytes: Uint8Array) => bytes.set([255, 255, 255, 127], 4), "cut off"],
    ["a header that is not JSON", (bytes: Uint8Array) => bytes.set([0], 8), "not JSON"],
  ])("refuses %s", (_, damage, words) => {
    const buffer = encode([XY]);
    damage(new Uint8Array(buffer));
    expect(failure(() => parseFrame(buffer)).message).toContain(words);
  });

  it.each([
    ["an unknown dtype", { dtype: "float64" }],
    ["a dtype of the prototype", { dtype: "constructor" }],
    ["a negative size", { shape: [-1] }],
    ["a size that is no integer", { shape: [1.5] }],
    ["a shape that is no list", { shape: 3 }],
    ["a larger shape than there are bytes", { shape: [1e9, 1e9] }],
    ["an offset that is not aligned", { offset: 4 }],
    ["a negative offset", { offset: -8 }],
    ["an offset behind the end", { offset: 800 }],
    ["no name", { name: 5 }],
  ])("refuses an array with %s", (_, change) => {
    const buffer = encode([XY], {}, (header) => Object.assign((header.arrays as object[])[0], change));
    expect(failure(() => parseFrame(buffer)).kind).toBe("broken");
  });

  it("refuses a header without a list of arrays", () => {
    expect(failure(() => parseFrame(encode([], {}, (header) => delete header.arrays))).kind).toBe("broken");
  });
});

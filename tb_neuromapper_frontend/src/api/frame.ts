import { ApiError } from "./errors";

export type FrameArray = Uint8Array | Uint16Array | Int32Array | Float32Array;

export interface Frame {
  arrays: Map<string, { data: FrameArray; shape: number[] }>;
  attributes: Record<string, unknown>;
}

const ITEM_BYTES: Record<string, number> = { uint8: 1, uint16: 2, int32: 4, float32: 4 };

function broken(what: string): ApiError {
  return new ApiError("broken", `A data frame from the server is damaged: ${what}.`);
}

/**
 * Reads a frame (docs/http_api.md, "Frames"). The arrays are views into `buffer`, not copies.
 *
 * @throws ApiError of kind "broken": the bytes are not a frame, or an array lies outside of it.
 */
export function parseFrame(buffer: ArrayBuffer): Frame {
  const header = readHeader(buffer);
  const arrays: Frame["arrays"] = new Map();
  const { arrays: listed, ...attributes } = header.json;
  if (!Array.isArray(listed)) throw broken("its header lists no arrays");
  for (const entry of listed) {
    const { name, data, shape } = readArray(buffer, header.end, entry);
    arrays.set(name, { data, shape });
  }
  return { arrays, attributes };
}

function readHeader(buffer: ArrayBuffer): { json: Record<string, unknown>; end: number } {
  if (buffer.byteLength < 8) throw broken(`${buffer.byteLength} bytes, a frame has at least 8`);
  const bytes = new Uint8Array(buffer);
  const magic = String.fromCharCode(bytes[0], bytes[1], bytes[2], bytes[3]);
  if (magic !== "NMF1") throw broken(`it starts with ${JSON.stringify(magic)}, not "NMF1"`);
  const length = new DataView(buffer).getUint32(4, true);
  const end = 8 + length;
  if (end > buffer.byteLength) throw broken(`its header of ${length} bytes is cut off`);
  if (end % 8 !== 0) throw broken(`its header of ${length} bytes is not padded to 8`);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, end)));
  } catch {
    throw broken("its header is not JSON");
  }
  if (typeof json !== "object" || json === null || Array.isArray(json))
    throw broken("its header is no object");
  return { json: json as Record<string, unknown>, end };
}

function readArray(buffer: ArrayBuffer, start: number, entry: unknown) {
  const { name, dtype, shape, offset } = (entry ?? {}) as Record<string, unknown>;
  if (typeof name !== "string") throw broken("an array has no name");
  if (!isShape(shape)) throw broken(`array ${name} has the shape ${JSON.stringify(shape)}`);
  const itemBytes = typeof dtype === "string" && Object.hasOwn(ITEM_BYTES, dtype) ? ITEM_BYTES[dtype] : 0;
  if (itemBytes === 0) throw broken(`array ${name} has the dtype ${JSON.stringify(dtype)}`);
  if (!Number.isSafeInteger(offset) || (offset as number) < 0 || (offset as number) % 8 !== 0) {
    throw broken(`array ${name} has the offset ${JSON.stringify(offset)}`);
  }
  const count = shape.reduce((product, size) => product * size, 1);
  const begin = start + (offset as number);
  if (begin + count * itemBytes > buffer.byteLength) throw broken(`array ${name} is cut off`);
  return { name, shape, data: view(dtype as string, buffer, begin, count) };
}

function isShape(shape: unknown): shape is number[] {
  return Array.isArray(shape) && shape.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function view(dtype: string, buffer: ArrayBuffer, begin: number, count: number): FrameArray {
  switch (dtype) {
    case "uint8":
      return new Uint8Array(buffer, begin, count);
    case "uint16":
      return new Uint16Array(buffer, begin, count);
    case "int32":
      return new Int32Array(buffer, begin, count);
    default:
      return new Float32Array(buffer, begin, count);
  }
}

import { ApiError, asApiError } from "./errors";
import { type Frame, parseFrame } from "./frame";
import type { Query, Transport } from "./transport";

/** Asks the server with the data URL `base` (it ends with a slash). */
export function httpTransport(base: string): Transport {
  const url = (path: string, query: Query) => {
    const search = new URLSearchParams(Object.entries(query).map(([key, value]) => [key, String(value)]));
    const text = search.toString();
    return new URL(text ? `${path}?${text}` : path, base).href;
  };
  return {
    url,
    json: async (path, query, signal) => readJson(await request(url(path, query), init(signal))),
    frame: async (path, query, signal) => readFrame(await request(url(path, query), init(signal))),
    post: async (path, body, signal) => {
      const headers = { "Content-Type": "application/json" };
      const options = { method: "POST", headers, body: JSON.stringify(body), ...init(signal) };
      return readJson(await request(url(path, {}), options));
    },
  };
}

function init(signal: AbortSignal | undefined): RequestInit {
  return signal ? { signal } : {};
}

async function request(url: string, options: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { credentials: "same-origin", ...options });
  } catch (error) {
    if (options.signal?.aborted) throw new ApiError("aborted", "The request was cancelled.");
    throw new ApiError("offline", `TensorBoard does not answer (${asApiError(error).message}).`);
  }
  if (response.ok) return response;
  const kind = response.status >= 400 && response.status < 500 ? "refused" : "broken";
  throw new ApiError(kind, await errorSentence(response), response.status);
}

async function errorSentence(response: Response): Promise<string> {
  const text = await response.text().catch(() => "");
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    if (typeof error === "string" && error) return error;
  } catch {
    // Not ours: TensorBoard answers unknown addresses in HTML. The status is all there is to say.
  }
  return `The server answered ${response.status} ${response.statusText}.`.replace(" .", ".");
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch (error) {
    throw bodyError(error, "The server's answer is not JSON.");
  }
}

async function readFrame(response: Response): Promise<Frame> {
  let buffer: ArrayBuffer;
  try {
    buffer = await response.arrayBuffer();
  } catch (error) {
    throw bodyError(error, "The server's answer was cut off.");
  }
  return parseFrame(buffer);
}

function bodyError(error: unknown, sentence: string): ApiError {
  const aborted = error instanceof DOMException && error.name === "AbortError";
  return aborted ? new ApiError("aborted", "The request was cancelled.") : new ApiError("broken", sentence);
}

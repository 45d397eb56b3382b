import type { Frame } from "../src/api/frame";
import type { Query, Transport } from "../src/api/transport";

export interface Request {
  path: string;
  /** The query, or what was posted. */
  query: Query;
  signal: AbortSignal | undefined;
  /** Resolve when what follows from the answer has been done. */
  answer(value: unknown): Promise<void>;
  fail(error: unknown): Promise<void>;
}

/** A transport whose requests wait until a test answers them. */
export function recordRequests() {
  const requests: Request[] = [];
  const settle = () => new Promise<void>((resolve) => setTimeout(resolve));
  const ask = (path: string, query: unknown, signal?: AbortSignal) =>
    new Promise<unknown>((resolve, reject) => {
      requests.push({
        path,
        query: query as Query,
        signal,
        answer(value) {
          resolve(value);
          return settle();
        },
        fail(error) {
          reject(error);
          return settle();
        },
      });
    });
  const transport: Transport = {
    url: () => "",
    json: ask,
    post: ask,
    frame: (path, query, signal) => ask(path, query, signal) as Promise<Frame>,
  };
  /** The requests of a path since the last time. */
  const of = (path: string) => {
    const found = requests.filter((request) => request.path === path);
    for (const request of found) requests.splice(requests.indexOf(request), 1);
    return found;
  };
  return { transport, of, settle };
}

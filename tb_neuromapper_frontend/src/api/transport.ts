import type { Frame } from "./frame";

export type Query = Record<string, string | number>;

/** Where the answers of docs/http_api.md come from: a server, or the files of an exported page. */
export interface Transport {
  /** The address of something that the browser fetches by itself, such as a picture. */
  url(path: string, query: Query): string;
  json(path: string, query: Query, signal?: AbortSignal): Promise<unknown>;
  frame(path: string, query: Query, signal?: AbortSignal): Promise<Frame>;
  post(path: string, body: unknown, signal?: AbortSignal): Promise<unknown>;
}

import { effect, untracked } from "@preact/signals";
import { type ApiError, asApiError } from "../api/errors";
import { createLruCache } from "../lru_cache";

/** What is to be loaded; the same key means the same answer. */
export interface Wanted<T> {
  key: string;
  load(signal: AbortSignal): Promise<T>;
}

interface Handlers<T> {
  arrived(value: T, key: string): void;
  failed(error: ApiError, key: string): void;
  /** How many answers are kept; 0: each is asked for anew when the signals change. */
  nKept?: number;
  /** Whether an answer may be kept; what failed in part may work again. */
  isWhole?(value: T): boolean;
}

/**
 * Loads what is wanted whenever the signals that `plan` reads change. Another key gives up what is under way, null gives it up
 * as well, undefined leaves it alone. Answers are kept by key; the least recently used leave first.
 *
 * @returns a function that ends it.
 */
export function syncLoaded<T>(plan: () => Wanted<T> | null | undefined, handlers: Handlers<T>): () => void {
  const { arrived, failed, nKept = 0, isWhole = () => true } = handlers;
  const kept = createLruCache<string, T>({ budget: nKept });
  let underWay: { key: string; abort: AbortController } | null = null;

  const start = async ({ key, load }: Wanted<T>) => {
    const abort = new AbortController();
    underWay = { key, abort };
    try {
      const value = await load(abort.signal);
      if (isWhole(value)) kept.set(key, value);
      kept.trim();
      if (!abort.signal.aborted) arrived(value, key);
    } catch (caught) {
      const error = asApiError(caught);
      if (error.kind !== "aborted" && !abort.signal.aborted) failed(error, key);
    } finally {
      if (underWay?.abort === abort) underWay = null;
    }
  };
  const giveUp = () => {
    underWay?.abort.abort();
    underWay = null;
  };
  const stop = effect(() => {
    const wanted = plan();
    untracked(() => {
      if (wanted === undefined || (wanted !== null && wanted.key === underWay?.key)) return;
      giveUp();
      if (wanted === null) return;
      const known = kept.get(wanted.key);
      if (known !== undefined) arrived(known, wanted.key);
      else void start(wanted);
    });
  });
  return () => {
    stop();
    giveUp();
  };
}

/** Hands on what the server refused or could not do; that it cannot be reached is said elsewhere. */
export function reporting(failed: (sentence: string) => void): (error: ApiError) => void {
  return ({ kind, message }) => {
    if (kind === "refused" || kind === "broken") failed(message);
  };
}

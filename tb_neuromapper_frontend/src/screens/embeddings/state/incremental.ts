/** What a value is made from. */
export interface Wish {
  /** Values of another generation are out of date for every key. */
  generation: readonly unknown[];
  /** What may differ between keys of one generation. */
  detail?: unknown;
}

/** Values that take longer to make than a frame may: each for a key, made piece by piece. */
export interface Gradual<Key extends object, T> {
  /** Makes the value, unless it is there; to be asked again in each frame, or the work on it stops. */
  want(key: Key, wish: Wish, make: () => Generator<void, T>): void;
  /** The newest value: of this generation, or an older one that is being replaced; and since when there is one. */
  known(key: Key, wish: Wish): Known<T> | null;
  /**
   * Works on what was wanted since the last call, until the time is over; at least one piece.
   *
   * @returns whether a value has come.
   */
  work(isOver: () => boolean, nowS: number): boolean;
  /** Something that was wanted is not there yet. */
  readonly isPending: boolean;
  clear(): void;
}

export interface Known<T> {
  value: T;
  sinceS: number;
}

interface Entry<T> extends Known<T> {
  wish: Wish;
}

/** Values kept. */
const MAX_KEPT = 64;

export function createGradual<Key extends object, T>(): Gradual<Key, T> {
  // Maps keep insertion order, so the first key is the oldest.
  const entries = new Map<Key, Entry<T>>();
  let jobs = new Map<Key, { wish: Wish; pieces: Generator<void, T> }>();
  let wanted: typeof jobs = new Map();

  const finish = (key: Key, wish: Wish, value: T, nowS: number) => {
    const sinceS = entries.get(key)?.sinceS ?? nowS;
    entries.delete(key);
    entries.set(key, { value, wish, sinceS });
    for (const [old, entry] of entries) {
      const isOutdated = !isSame(entry.wish.generation, wish.generation) && !jobs.has(old);
      if (isOutdated || entries.size > MAX_KEPT) entries.delete(old);
    }
  };
  return {
    want(key, wish, make) {
      const entry = entries.get(key);
      if (entry && isSameWish(entry.wish, wish)) return;
      const job = jobs.get(key);
      wanted.set(key, job && isSameWish(job.wish, wish) ? job : { wish, pieces: make() });
    },
    known(key, wish) {
      const entry = entries.get(key);
      if (!entry) return null;
      const isReplaced = jobs.has(key) || wanted.has(key);
      return isReplaced || isSame(entry.wish.generation, wish.generation) ? entry : null;
    },
    work(isOver, nowS) {
      jobs = wanted;
      wanted = new Map();
      let hasCome = false;
      for (const [key, { wish, pieces }] of jobs) {
        for (;;) {
          const piece = pieces.next();
          if (piece.done) {
            jobs.delete(key);
            finish(key, wish, piece.value, nowS);
            hasCome = true;
          }
          if (isOver()) return hasCome;
          if (piece.done) break;
        }
      }
      return hasCome;
    },
    get isPending() {
      return jobs.size > 0;
    },
    clear() {
      entries.clear();
      jobs.clear();
      wanted.clear();
    },
  };
}

function isSameWish(a: Wish, b: Wish): boolean {
  return a.detail === b.detail && isSame(a.generation, b.generation);
}

function isSame(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((part, i) => part === b[i]);
}

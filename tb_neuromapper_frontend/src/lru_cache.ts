/** Values by key within a budget; the least recently used leave first. */
export interface LruCache<Key, Value> {
  /** The value, which counts as used. */
  get(key: Key): Value | undefined;
  /** The value, without counting as used. */
  peek(key: Key): Value | undefined;
  /** Adds or replaces a value, which counts as used. It may exceed the budget until the next `trim`. */
  set(key: Key, value: Value): void;
  delete(key: Key): void;
  /**
   * Drops the least recently used values until the rest fits the budget.
   *
   * @param isHeld whether a key's value stays in any case.
   */
  trim(isHeld?: (key: Key) => boolean): void;
  /** From the least to the most recently used. */
  keys(): Iterable<Key>;
  readonly count: number;
  /** The sum of the sizes. */
  readonly size: number;
  /** Drops all. */
  clear(): void;
}

interface LruOptions<Key, Value> {
  /** In the unit of `sizeOf`. */
  budget: number;
  /** By default each value counts as 1. */
  sizeOf?(value: Value, key: Key): number;
  /** Called with each value that leaves, whatever the reason. */
  onDrop?(value: Value): void;
}

export function createLruCache<Key, Value>({
  budget,
  sizeOf = () => 1,
  onDrop = () => {},
}: LruOptions<Key, Value>): LruCache<Key, Value> {
  // A Map keeps insertion order, so the first key is the least recently used.
  const values = new Map<Key, Value>();
  let size = 0;
  const remove = (key: Key) => {
    if (!values.has(key)) return;
    const value = values.get(key) as Value;
    values.delete(key);
    size -= sizeOf(value, key);
    onDrop(value);
  };
  return {
    get(key) {
      if (!values.has(key)) return undefined;
      const value = values.get(key) as Value;
      values.delete(key);
      values.set(key, value);
      return value;
    },
    peek: (key) => values.get(key),
    set(key, value) {
      remove(key);
      values.set(key, value);
      size += sizeOf(value, key);
    },
    delete: remove,
    trim(isHeld = () => false) {
      for (const key of values.keys()) {
        if (size <= budget) return;
        if (!isHeld(key)) remove(key);
      }
    },
    keys: () => values.keys(),
    get count() {
      return values.size;
    },
    get size() {
      return size;
    },
    clear() {
      for (const key of values.keys()) remove(key);
    },
  };
}

import { expect, it } from "vitest";
import { createLruCache } from "../src/lru_cache";

/** A budget of 10; each value's size is itself. */
function setUp() {
  const dropped: number[] = [];
  const cache = createLruCache<string, number>({
    budget: 10,
    sizeOf: (value) => value,
    onDrop: (value) => dropped.push(value),
  });
  return { cache, dropped };
}

it("trimming drops the least recently used until the rest fits the budget", () => {
  const { cache, dropped } = setUp();
  for (const [key, value] of Object.entries({ a: 4, b: 3, c: 3, d: 1 })) cache.set(key, value);
  expect([cache.count, cache.size]).toEqual([4, 11]);
  cache.get("a");
  cache.peek("b");
  cache.trim();
  expect(dropped).toEqual([3]);
  expect([...cache.keys()]).toEqual(["c", "d", "a"]);
  expect([cache.count, cache.size]).toEqual([3, 8]);
  cache.trim();
  expect(cache.count).toBe(3);
});

it("what is held stays, over the budget too", () => {
  const { cache, dropped } = setUp();
  for (const [key, value] of Object.entries({ a: 8, b: 2, c: 12 })) cache.set(key, value);
  cache.trim((key) => key !== "b");
  expect([dropped, cache.size]).toEqual([[2], 20]);
});

it("a replaced value leaves, and its key counts as used", () => {
  const { cache, dropped } = setUp();
  cache.set("a", 1);
  cache.set("b", 2);
  cache.set("a", 3);
  expect([dropped, cache.size, [...cache.keys()], cache.get("a")]).toEqual([[1], 5, ["b", "a"], 3]);
});

it("what is not there is undefined, and deleting it changes nothing", () => {
  const { cache, dropped } = setUp();
  cache.delete("a");
  expect([cache.get("a"), cache.peek("a"), cache.count, dropped]).toEqual([undefined, undefined, 0, []]);
});

it("clearing drops everything", () => {
  const { cache, dropped } = setUp();
  cache.set("a", 1);
  cache.set("b", 2);
  cache.clear();
  expect([dropped, cache.count, cache.size]).toEqual([[1, 2], 0, 0]);
});

it("without sizes the budget is a number of values; of none, none stays", () => {
  const cache = createLruCache<string, null>({ budget: 2 });
  for (const key of ["a", "b", "c"]) cache.set(key, null);
  cache.trim();
  expect([...cache.keys()]).toEqual(["b", "c"]);
  const none = createLruCache<string, null>({ budget: 0 });
  none.set("a", null);
  none.trim();
  expect(none.count).toBe(0);
});

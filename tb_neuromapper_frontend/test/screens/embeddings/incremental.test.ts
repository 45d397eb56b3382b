import { expect, it } from "vitest";
import { createGradual } from "../../../src/screens/embeddings/state/incremental";

/** A value in `n` pieces; counts how often it is begun. */
function maker(log: string[], name: string, n: number) {
  return function* () {
    log.push(name);
    for (let i = 0; i < n; i++) yield;
    return name;
  };
}

it("a value is made in as many frames as it needs, and once", () => {
  const log: string[] = [];
  const gradual = createGradual<object, string>();
  const key = {};
  const wish = { generation: [1] };
  for (let frame = 0; frame < 5; frame++) {
    gradual.want(key, wish, maker(log, "a", 2));
    gradual.work(() => true, frame);
    expect(gradual.known(key, wish)?.value).toBe(frame < 2 ? undefined : "a");
    expect(gradual.isPending).toBe(frame < 2);
  }
  expect(log).toEqual(["a"]);
  expect(gradual.known(key, wish)?.sinceS).toBe(2);
});

it("what is no longer wanted is given up", () => {
  const gradual = createGradual<object, string>();
  const [first, second] = [{}, {}];
  gradual.want(first, { generation: [] }, maker([], "a", 9));
  gradual.work(() => true, 0);
  gradual.want(second, { generation: [] }, maker([], "b", 0));
  expect(gradual.work(() => false, 0)).toBe(true);
  expect(gradual.isPending).toBe(false);
  expect(gradual.known(first, { generation: [] })).toBeNull();
  expect(gradual.known(second, { generation: [] })?.value).toBe("b");
});

it("an old value stays until the new one has come, where it is wanted; elsewhere it goes", () => {
  const gradual = createGradual<object, string>();
  const [shown, other] = [{}, {}];
  for (const key of [shown, other]) gradual.want(key, { generation: ["old"] }, maker([], "old", 0));
  gradual.work(() => false, 1);
  const wish = { generation: ["new"] };
  gradual.want(shown, wish, maker([], "new", 1));
  expect(gradual.known(shown, wish)?.value).toBe("old");
  expect(gradual.known(other, wish)).toBeNull();
  gradual.work(() => true, 2);
  expect(gradual.known(shown, wish)?.value).toBe("old");
  gradual.want(shown, wish, maker([], "new", 1));
  gradual.work(() => false, 3);
  expect(gradual.known(shown, wish)).toMatchObject({ value: "new", sinceS: 1 });
});

it("another detail of the same generation is made anew, and is good enough meanwhile", () => {
  const log: string[] = [];
  const gradual = createGradual<object, string>();
  const key = {};
  gradual.want(key, { generation: [], detail: 1 }, maker(log, "one", 0));
  gradual.work(() => false, 0);
  expect(gradual.known(key, { generation: [], detail: 2 })?.value).toBe("one");
  gradual.want(key, { generation: [], detail: 2 }, maker(log, "two", 0));
  gradual.work(() => false, 0);
  expect(gradual.known(key, { generation: [], detail: 2 })?.value).toBe("two");
  expect(log).toEqual(["one", "two"]);
});

it("few values are kept", () => {
  const gradual = createGradual<object, string>();
  const keys = Array.from({ length: 100 }, () => ({}));
  for (const key of keys) {
    gradual.want(key, { generation: [] }, maker([], "x", 0));
    gradual.work(() => false, 0);
  }
  expect(keys.filter((key) => gradual.known(key, { generation: [] })).length).toBe(64);
});

import { expect, it } from "vitest";
import {
  groupByParameters,
  keyOf,
  parametersFor,
  settingText,
} from "../../../src/screens/embeddings/state/parameters";

it("a block's own parameters come before those of all blocks", () => {
  const settings = { "": { n_neighbors: 30, min_dist: 0.5 }, b: { n_neighbors: 5 } };
  expect(parametersFor(settings, "a")).toEqual({ n_neighbors: 30, min_dist: 0.5 });
  expect(parametersFor(settings, "b")).toEqual({ n_neighbors: 5, min_dist: 0.5 });
});

it("blocks with the same parameters are asked for together, defaults left out", () => {
  const settings = { b: { n_neighbors: 5 }, c: { n_neighbors: 15 } };
  expect(groupByParameters(settings, ["a", "b", "c"])).toEqual([
    { blocks: ["a", "c"], parameters: {} },
    { blocks: ["b"], parameters: { n_neighbors: 5 } },
  ]);
});

it("what the server fills in makes no other setting", () => {
  expect(keyOf({ n_neighbors: 15, metric: "euclidean", seed: 0 })).toBe(keyOf({}));
  expect(keyOf({ seed: 1, n_neighbors: 5 })).toBe(keyOf({ n_neighbors: 5, seed: 1 }));
});

it("a setting is told in the words of its form, defaults left out", () => {
  const words = settingText({ metric: "cosine", min_dist: 0.4, n_neighbors: 5, seed: 0 });
  expect(words).toBe("neighbours 5, smallest distance 0.4, metric cosine");
  expect(settingText({ n_neighbors: 15 })).toBe("defaults");
});

import { expect, it } from "vitest";
import {
  asView,
  blockOf,
  isSecond,
  isWanted,
  tellApart,
  viewsOf,
} from "../../../src/screens/embeddings/state/run_pair";
import type { Projection } from "../../../src/screens/embeddings/types";

function side(run: string, runs?: [string, string]): Projection {
  return { id: `x.${run}`, run, block: "conv", ...(runs ? { runs } : {}) } as Projection;
}

it("each block of two runs has a view for either", () => {
  const views = viewsOf(["a", "b"], true);
  expect(views.map(blockOf)).toEqual(["a", "a", "b", "b"]);
  expect(views.map(isSecond)).toEqual([false, true, false, true]);
  expect(viewsOf(["a", "b"], false)).toEqual(["a", "b"]);
});

it("a projection's view tells the runs apart", () => {
  const pair: [string, string] = ["one", "two"];
  expect(asView(side("one", pair)).block).toBe("conv");
  const second = asView(side("two", pair));
  expect(isSecond(second.block)).toBe(true);
  expect(asView(second).block).toBe(second.block);
  expect(asView(side("one")).block).toBe("conv");
});

it("only what is asked for is shown", () => {
  expect(isWanted(side("one"), null)).toBe(true);
  expect(isWanted(side("one"), "two")).toBe(false);
  expect(isWanted(side("one", ["one", "two"]), "two")).toBe(true);
  expect(isWanted(side("one", ["one", "two"]), "three")).toBe(false);
  expect(isWanted(side("one", ["one", "two"]), null)).toBe(false);
});

it("two runs' short names lack the beginning that they share", () => {
  expect(tellApart(["over/fit", "over/overfit"])).toEqual(["fit", "overfit"]);
  expect(tellApart(["digits-20261120-230851", "digits-20261120-231002"])).toEqual(["230851", "231002"]);
  expect(tellApart(["first", "second"])).toEqual(["first", "second"]);
  expect(tellApart(["run", "run-2"])).toEqual(["run", "run-2"]);
  expect(tellApart(["a/b", "a/b/c"])).toEqual(["b", "b/c"]);
  expect(tellApart(["longbeginning1", "longbeginning12"])).toEqual(["…ng1", "…ng12"]);
});

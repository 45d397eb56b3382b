import { describe, expect, it } from "vitest";
import { groupPaths, medianRow, rowOfLayer, treeRows } from "../../../src/screens/gradients/state/layer_tree";

const NAMES = ["stem", "layer1.0.conv1", "layer1.0.conv2", "layer2.0.conv1", "layer2.1.conv1", "fc"];
const words = (folded: string[]) =>
  treeRows(NAMES, new Set(folded)).map(
    ({ label, depth, layers }) => `${" ".repeat(depth)}${label} ${layers}`,
  );

describe("treeRows", () => {
  it("follows the dotted names; a module with one child is one row with it", () => {
    expect(words([])).toEqual([
      "stem 0",
      "layer1.0 1,2",
      " conv1 1",
      " conv2 2",
      "layer2 3,4",
      " 0.conv1 3",
      " 1.conv1 4",
      "fc 5",
    ]);
  });

  it("a folded module is one row that stands for all of its layers", () => {
    expect(words(["layer1.0", "layer2"])).toEqual(["stem 0", "layer1.0 1,2", "layer2 3,4", "fc 5"]);
    expect(groupPaths(NAMES)).toEqual(["layer1.0", "layer2"]);
  });

  it("a module that is a layer itself has a row among its parts", () => {
    const rows = treeRows(["attn", "attn.out_proj"], new Set());
    expect(rows.map(({ label, layers }) => [label, layers])).toEqual([
      ["attn", [0, 1]],
      ["attn itself", [0]],
      ["out_proj", [1]],
    ]);
  });

  it("finds the row of a layer, folded or not", () => {
    const open = treeRows(NAMES, new Set());
    expect(open[rowOfLayer(open, 2)].label).toBe("conv2");
    const folded = treeRows(NAMES, new Set(["layer1.0"]));
    expect(folded[rowOfLayer(folded, 2)].label).toBe("layer1.0");
    expect(rowOfLayer(open, 99)).toBe(-1);
  });
});

describe("medianRow", () => {
  const values = Float32Array.of(1, 2, 3, Number.NaN, 5, 9, 100, Number.NaN);

  it("is a layer's own row if it is alone", () => {
    expect([...medianRow(values, 2, [1])]).toEqual([3, Number.NaN]);
  });

  it("is the median of the finite values at each step", () => {
    expect([...medianRow(values, 2, [0, 1, 2])]).toEqual([3, 5.5]);
    expect([...medianRow(values, 2, [0, 1, 2, 3])]).toEqual([4, 5.5]);
  });

  it("is unknown where no layer is known", () => {
    expect([...medianRow(values, 2, [1, 3])]).toEqual([51.5, Number.NaN]);
  });
});

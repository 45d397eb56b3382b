import { describe, expect, it } from "vitest";
import {
  gapFor,
  layOut,
  MAX_GAP,
  MIN_GAP,
  N_STRONGEST,
  strongest,
} from "../../../src/screens/gradients/draw/columns";
import { linksOf, sourceUnitOf } from "../../../src/screens/gradients/draw/links";
import { pickFlow } from "../../../src/screens/gradients/draw/picking";
import { prepare, UNKNOWN, ZERO } from "../../../src/screens/gradients/draw/prepare";
import type { FlowFrame, FlowLayer } from "../../../src/screens/gradients/types";

function layer(
  name: string,
  nUnits: number,
  nInputs: number,
  sources: string[],
  more: Partial<FlowLayer> = {},
) {
  const base: FlowLayer = {
    name,
    kind: "linear",
    type: "Linear",
    unit: "neuron",
    activation: null,
    n_units: nUnits,
    n_inputs: nInputs,
    inputs_per_source: 1,
    sources,
    frozen: false,
    shares: null,
    calls: 1,
    n_edges: nUnits * nInputs,
    n_connections: nUnits * nInputs,
  };
  return { ...base, ...more };
}

/** All connections of each layer; the gradient of edge i is i + 1, negative for odd i. */
function frameOf(layers: FlowLayer[]): FlowFrame {
  const nUnits = layers.reduce((sum, each) => sum + each.n_units, 0);
  const edges = layers.flatMap(({ n_edges, n_inputs }) =>
    Array.from({ length: n_edges }, (_, i) => [i % n_inputs, Math.floor(i / n_inputs)]),
  );
  const units = () => Float32Array.from({ length: nUnits }, (_, i) => i + 1);
  const gradient = Float32Array.from(edges, (_, i) => (i % 2 ? -1 : 1) * (i + 1));
  return {
    step: 0,
    epoch: null,
    version: "",
    problems: [],
    layers,
    unitActivation: units(),
    unitZeros: units(),
    unitSaturated: units(),
    unitGradient: units(),
    unitSigned: units().map((value, i) => (i % 2 ? -value : value)),
    edges: Int32Array.from(edges.flat()),
    edgeGradient: gradient,
    edgeWeight: gradient.map(Math.abs),
  };
}

const options = { unfolded: new Set<string>(), strengths: new Map<string, Float32Array>(), gap: 5 };
const SCALE = { unit: [1, 100], edge: [1, 1000], activation: [1, 100], weight: [1, 1000] } as const;
const look = { scale: SCALE as never, shown: "gradient" as const, limit: null };

describe("layOut", () => {
  const layers = [layer("fc1", 100, 4, [""]), layer("fc2", 3, 100, ["fc1"])];

  it("puts the input on the left and the output on the right", () => {
    const { columns } = layOut(layers, options);
    expect(columns.map(({ name }) => name)).toEqual(["", "fc1", "fc2"]);
    expect(columns[1].left - columns[0].right).toBe(5);
    expect(columns[0].left).toBe(0);
  });

  it("gives each unit of a small layer a place of its own within the picture", () => {
    const { columns, x, y, width, height, nodeOf } = layOut(layers, options);
    expect(new Set(nodeOf[2]).size).toBe(3);
    for (const node of nodeOf[2]) {
      expect(x[node]).toBeGreaterThan(columns[2].left);
      expect(x[node]).toBeLessThan(width);
      expect(y[node]).toBeGreaterThan(0);
      expect(y[node]).toBeLessThan(height);
    }
  });

  it("shows the strongest units of a large layer and one node for the rest", () => {
    const strengths = new Map([["fc1", Float32Array.from({ length: 100 }, (_, unit) => unit)]]);
    const { columns, nodeUnit, nodeOf } = layOut(layers, { ...options, strengths });
    const [first, end] = [columns[1].first, columns[1].first + columns[1].nNodes];
    const shown = [...nodeUnit.subarray(first, end)];
    expect(shown).toEqual([...Array.from({ length: N_STRONGEST }, (_, i) => 76 + i), -1]);
    expect(columns[1].nHidden).toBe(76);
    expect(nodeOf[1][0]).toBe(end - 1);
    expect(nodeUnit[nodeOf[1][99]]).toBe(99);
  });

  it("unfolds: all units, beside one another where a column is full", () => {
    const folded = layOut(layers, options);
    const { columns, nodeOf, x, y } = layOut(layers, { ...options, unfolded: new Set(["fc1"]) });
    expect(columns[1].nHidden).toBe(0);
    expect(new Set(nodeOf[1]).size).toBe(100);
    expect(new Set([...nodeOf[1]].map((node) => `${x[node]} ${y[node]}`)).size).toBe(100);
    expect(columns[1].right - columns[1].left).toBeGreaterThan(
      folded.columns[1].right - folded.columns[1].left,
    );
  });

  it("places 10,000 units", () => {
    const many = Array.from({ length: 20 }, (_, i) => layer(`l${i}`, 500, 0, i ? [`l${i - 1}`] : []));
    const layout = layOut(many, { ...options, unfolded: new Set(many.map(({ name }) => name)) });
    expect(layout.x.length).toBe(10_000);
  });
});

describe("gapFor", () => {
  it("fills a wide view and stays within its bounds", () => {
    const few = [layer("a", 10, 4, [""]), layer("b", 10, 10, ["a"])];
    const many = Array.from({ length: 80 }, (_, i) => layer(`l${i}`, 30, 0, []));
    expect(gapFor(few, 2, new Set())).toBeGreaterThan(MIN_GAP);
    expect(gapFor(few, 100, new Set())).toBe(MAX_GAP);
    expect(gapFor(many, 2, new Set())).toBe(MIN_GAP);
  });
});

describe("strongest", () => {
  it("ranks what is unknown last, and of equals takes the first", () => {
    const strengths = new Float32Array(50).fill(1);
    strengths[0] = Number.NaN;
    expect(strongest(50, strengths)[0]).toBe(1);
    expect(strongest(50, undefined)).toEqual(Int32Array.from({ length: N_STRONGEST }, (_, i) => i));
  });
});

describe("linksOf", () => {
  it("connects every input with every unit", () => {
    const frame = frameOf([layer("a", 2, 3, [""]), layer("b", 1, 2, ["a"])]);
    const layout = layOut(frame.layers, options);
    const { from, to, value, n } = linksOf(frame, layout, frame.edgeGradient);
    expect(n).toBe(8);
    expect([...from.subarray(0, 3)]).toEqual([...layout.nodeOf[0]]);
    expect([...to.subarray(0, 3)]).toEqual(Array(3).fill(layout.nodeOf[1][0]));
    expect([...value.subarray(6, 8)]).toEqual([7, -8]);
  });

  it("draws the strongest of the connections between two nodes, with its sign", () => {
    const flat = frameOf([layer("conv", 2, 0, []), layer("fc", 1, 8, ["conv"], { inputs_per_source: 4 })]);
    const { value, n } = linksOf(flat, layOut(flat.layers, options), flat.edgeGradient);
    expect(n).toBe(2);
    expect([...value.subarray(0, 2)]).toEqual([-4, -8]);
  });

  it("feeds a layer from every source of a residual sum", () => {
    const frame = frameOf([layer("a", 2, 0, []), layer("b", 2, 0, []), layer("c", 1, 2, ["a", "b"])]);
    const { from, n } = linksOf(frame, layOut(frame.layers, options), frame.edgeGradient);
    expect(n).toBe(4);
    expect([...from.subarray(0, 4)]).toEqual([0, 1, 2, 3]);
  });

  it("passes units on where a layer has no connections, without a value", () => {
    const frame = frameOf([layer("a", 3, 0, []), layer("bn", 3, 0, ["a"])]);
    const { from, to, value, n } = linksOf(frame, layOut(frame.layers, options), frame.edgeGradient);
    expect([...from.subarray(0, n)]).toEqual([0, 1, 2]);
    expect([...to.subarray(0, n)]).toEqual([3, 4, 5]);
    expect(value[0]).toBeNaN();
  });
});

describe("sourceUnitOf", () => {
  it("goes on in the next source where outputs are put beside one another", () => {
    const concat = layer("c", 1, 5, ["a", "b"]);
    expect([0, 1, 2, 3, 4].map(sourceUnitOf(concat, 0, [2, 3]))).toEqual([0, 1, -1, -1, -1]);
    expect([0, 1, 2, 3, 4].map(sourceUnitOf(concat, 1, [2, 3]))).toEqual([-1, -1, 0, 1, 2]);
  });
});

describe("prepare", () => {
  const frame = frameOf([layer("a", 2, 3, [""]), layer("b", 1, 2, ["a"])]);
  const layout = layOut(frame.layers, options);

  it("gives nodes their place on the scale and the colour of their sign", () => {
    const { nodes } = prepare(frame, { ...look, layout });
    const [first, second] = layout.nodeOf[1];
    expect(nodes[2 * first]).toBe(0);
    expect(nodes[2 * second]).toBeCloseTo(Math.log10(2) / 2);
    expect([nodes[2 * first + 1], nodes[2 * second + 1]]).toEqual([1, 0]);
    expect(nodes[2 * layout.nodeOf[0][0]]).toBe(UNKNOWN);
  });

  it("tells zero and unknown apart", () => {
    const odd = { ...frame, unitGradient: Float32Array.of(0, Number.NaN, 1) };
    const { nodes } = prepare(odd, { ...look, layout });
    expect([...layout.nodeOf[1]].map((node) => nodes[2 * node])).toEqual([ZERO, UNKNOWN]);
  });

  it("orders lines from weak to strong and leaves out what is below the scale", () => {
    const { links, nLinks } = prepare(frame, { ...look, layout });
    const shares = Array.from({ length: nLinks }, (_, i) => links[4 * i + 2]);
    expect(nLinks).toBe(7);
    expect(shares).toEqual([...shares].sort((p, q) => p - q));
  });

  it("keeps the strongest of each layer", () => {
    const { links, nLinks } = prepare(frame, { ...look, layout, limit: 2 });
    expect(nLinks).toBe(4);
    const into = (node: number) =>
      Array.from({ length: nLinks }, (_, i) => links[4 * i + 1]).filter((to) => to === node);
    expect(into(layout.nodeOf[2][0]).length).toBe(2);
    expect(prepare(frame, { ...look, layout, limit: 0 }).nLinks).toBe(0);
  });

  it("shows for the rest of a layer the mean of its units", () => {
    const large = frameOf([layer("a", 100, 0, [])]);
    const folded = layOut(large.layers, options);
    const { nodes } = prepare(large, { ...look, layout: folded });
    const rest = folded.columns[0].nNodes - 1;
    expect(nodes[2 * rest]).toBeCloseTo(Math.log10((25 + 100) / 2) / 2, 2);
  });
});

describe("pickFlow", () => {
  const frame = frameOf([layer("a", 1, 0, []), layer("b", 1, 1, ["a"])]);
  const layout = layOut(frame.layers, options);
  const step = prepare(frame, { ...look, layout, scale: { ...SCALE, edge: [0.1, 10] } as never });
  const toPixels = { a: 10, b: 0, c: 0, d: -10, e: 0, f: 20 };
  const at = (x: number, y: number) => [10 * x, 20 - 10 * y] as const;

  it("finds the node under the pointer, else the line", () => {
    expect(pickFlow(layout, step, toPixels, at(layout.x[1], layout.y[1]))).toEqual({ kind: "node", node: 1 });
    expect(pickFlow(layout, step, toPixels, at(3, layout.y[0]))).toEqual({ kind: "link", from: 0, to: 1 });
    expect(pickFlow(layout, step, toPixels, at(3, layout.y[0] + 4))).toBeNull();
    expect(pickFlow(layout, null, toPixels, at(3, layout.y[0]))).toBeNull();
  });
});

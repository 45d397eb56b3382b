import type { FlowLayer } from "../types";

/** Up to this many units a layer shows them all; of a larger one the strongest `N_STRONGEST`. */
export const MAX_SHOWN = 32;
export const N_STRONGEST = 24;
/** An unfolded layer has so many units above one another, then goes on beside them. */
const ROWS = 32;
/** Between two columns, in rows. */
export const MIN_GAP = 3;
export const MAX_GAP = 26;
const REST_RADIUS = 0.62;
const RADIUS = 0.4;

/** A layer, or the network's input, as a column of nodes. The unit of length is a row. */
export interface Column {
  /** The layer's name; "" is the network's input. */
  name: string;
  /** Null for the network's input. */
  layer: FlowLayer | null;
  nUnits: number;
  left: number;
  right: number;
  /** Its nodes are those from `first` on; the one that stands for the rest is the last of them. */
  first: number;
  nNodes: number;
  nHidden: number;
  unfolded: boolean;
}

/** Where the units are drawn, from the input on the left to the output on the right; y points up. */
export interface ColumnLayout {
  columns: Column[];
  columnOf: ReadonlyMap<string, number>;
  /** By node. */
  x: Float32Array;
  y: Float32Array;
  radius: Float32Array;
  nodeColumn: Int32Array;
  /** The unit that the node shows; -1: the rest of its layer. */
  nodeUnit: Int32Array;
  /** By column and unit the node that shows it. */
  nodeOf: Int32Array[];
  width: number;
  height: number;
}

interface Options {
  unfolded: ReadonlySet<string>;
  /** By name, "" for the input: how strong each unit is; without it the first units count as the strongest. */
  strengths: ReadonlyMap<string, Float32Array>;
  /** Rows between two columns. */
  gap: number;
}

interface Plan {
  name: string;
  layer: FlowLayer | null;
  nUnits: number;
  shown: Int32Array;
  unfolded: boolean;
  nAcross: number;
  nRows: number;
}

/** Lays the layers out as columns. Nothing depends on a step but which units of a large layer are shown. */
export function layOut(layers: readonly FlowLayer[], { unfolded, strengths, gap }: Options): ColumnLayout {
  const nInputs = Math.max(
    0,
    ...layers.map((layer) => (layer.sources.includes("") ? sourceUnits(layer) : 0)),
  );
  const planned = layers.map((layer) => plan(layer.name, layer, layer.n_units, unfolded, strengths));
  const plans = nInputs > 0 ? [plan("", null, nInputs, unfolded, strengths), ...planned] : planned;
  const nNodes = plans.reduce((sum, each) => sum + each.shown.length + (hiddenOf(each) > 0 ? 1 : 0), 0);
  const height = Math.max(1, ...plans.map((each) => each.nRows + (hiddenOf(each) > 0 ? 1.6 : 0)));
  const layout: ColumnLayout = {
    columns: [],
    columnOf: new Map(plans.map(({ name }, index) => [name, index])),
    x: new Float32Array(nNodes),
    y: new Float32Array(nNodes),
    radius: new Float32Array(nNodes).fill(RADIUS),
    nodeColumn: new Int32Array(nNodes),
    nodeUnit: new Int32Array(nNodes),
    nodeOf: [],
    width: 0,
    height,
  };
  let left = 0;
  let first = 0;
  plans.forEach((each) => {
    first = place(layout, each, left, first);
    left += each.nAcross + gap;
  });
  layout.width = Math.max(1, left - gap);
  return layout;
}

/** How many units of its source a layer's connections come from. */
export function sourceUnits(layer: FlowLayer): number {
  return layer.n_inputs > 0 ? Math.ceil(layer.n_inputs / layer.inputs_per_source) : 0;
}

/** The gap at which the columns fill a view of this shape (width / height) best. */
export function gapFor(layers: readonly FlowLayer[], aspect: number, unfolded: ReadonlySet<string>): number {
  const bare = layOut(layers, { unfolded, strengths: new Map(), gap: 0 });
  const free = bare.height * aspect - bare.width;
  return Math.min(MAX_GAP, Math.max(MIN_GAP, free / Math.max(1, bare.columns.length - 1)));
}

function plan(
  name: string,
  layer: FlowLayer | null,
  nUnits: number,
  unfolded: ReadonlySet<string>,
  strengths: Options["strengths"],
): Plan {
  const all = nUnits <= MAX_SHOWN || unfolded.has(name);
  const shown = all
    ? Int32Array.from({ length: nUnits }, (_, unit) => unit)
    : strongest(nUnits, strengths.get(name));
  const nAcross = Math.max(1, Math.ceil(shown.length / ROWS));
  const nRows = Math.ceil(shown.length / nAcross);
  return { name, layer, nUnits, shown, unfolded: all && nUnits > MAX_SHOWN, nAcross, nRows };
}

function hiddenOf({ nUnits, shown }: Plan): number {
  return nUnits - shown.length;
}

/** The strongest units, ascending by number; unknown strength is the weakest. */
export function strongest(nUnits: number, strengths: Float32Array | undefined): Int32Array {
  const strengthOf = (unit: number) => {
    const strength = strengths?.[unit] ?? 0;
    return Number.isFinite(strength) ? strength : -1;
  };
  const units = Int32Array.from({ length: nUnits }, (_, unit) => unit);
  // Of equals the first.
  units.sort((a, b) => strengthOf(b) - strengthOf(a) || a - b);
  return units.slice(0, N_STRONGEST).sort();
}

/** Writes a column's nodes; returns the number of the next node. */
function place(layout: ColumnLayout, each: Plan, left: number, first: number): number {
  const index = layout.columns.length;
  const { shown, nRows, nAcross, nUnits } = each;
  const nHidden = hiddenOf(each);
  const nodeOf = new Int32Array(nUnits).fill(first + shown.length);
  const middle = layout.height / 2;
  const top = middle + (nRows + (nHidden > 0 ? 1.6 : 0)) / 2;
  shown.forEach((unit, place) => {
    const node = first + place;
    layout.x[node] = left + Math.floor(place / nRows) + 0.5;
    layout.y[node] = top - (place % nRows) - 0.5;
    layout.nodeUnit[node] = unit;
    nodeOf[unit] = node;
  });
  const nNodes = shown.length + (nHidden > 0 ? 1 : 0);
  if (nHidden > 0) {
    const rest = first + shown.length;
    layout.x[rest] = left + nAcross / 2;
    layout.y[rest] = top - nRows - 0.9;
    layout.radius[rest] = REST_RADIUS;
    layout.nodeUnit[rest] = -1;
  }
  layout.nodeColumn.fill(index, first, first + nNodes);
  layout.nodeOf.push(nodeOf);
  const { name, layer, unfolded } = each;
  layout.columns.push({ name, layer, nUnits, left, right: left + nAcross, first, nNodes, nHidden, unfolded });
  return first + nNodes;
}

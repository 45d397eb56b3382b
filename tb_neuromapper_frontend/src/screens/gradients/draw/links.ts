import type { FlowFrame, FlowLayer } from "../types";
import { type ColumnLayout, sourceUnits } from "./columns";

/** Lines between nodes: from the node nearer to the input to the one nearer to the output. */
export interface Links {
  from: Uint32Array;
  to: Uint32Array;
  /** The signed value; of several connections between the same nodes the one of the largest magnitude. NaN: passed on as it is. */
  value: Float32Array;
  n: number;
  /** The first line of each pair of columns. */
  groups: number[];
}

/** A layer's place in the arrays of a frame. */
export interface LayerRange {
  layer: FlowLayer;
  firstUnit: number;
  firstEdge: number;
}

export function layerRanges(layers: readonly FlowLayer[]): LayerRange[] {
  let [firstUnit, firstEdge] = [0, 0];
  return layers.map((layer) => {
    const range = { layer, firstUnit, firstEdge };
    firstUnit += layer.n_units;
    firstEdge += layer.n_edges;
    return range;
  });
}

/** By input unit of a layer's connections the unit of one source that it belongs to; -1: of another source. */
export function sourceUnitOf(
  layer: FlowLayer,
  source: number,
  sizes: readonly number[],
): (input: number) => number {
  const total = sourceUnits(layer);
  const size = sizes[source];
  const per = layer.inputs_per_source;
  // A residual sum: every source has all units, and the gradient flows into each of them.
  if (size === total) return (input) => Math.floor(input / per);
  // Outputs that are put beside one another.
  if (sizes.reduce((sum, each) => sum + each, 0) === total) {
    const before = sizes.slice(0, source).reduce((sum, each) => sum + each, 0);
    return (input) => {
      const unit = Math.floor(input / per) - before;
      return unit >= 0 && unit < size ? unit : -1;
    };
  }
  // Something between them changed the units: in proportion.
  return (input) => Math.min(size - 1, Math.floor((input / layer.n_inputs) * size));
}

/** All lines of a frame. */
export function linksOf(frame: FlowFrame, layout: ColumnLayout, values: Float32Array): Links {
  const links = createLinks(2 * values.length + layout.x.length);
  for (const range of layerRanges(frame.layers)) {
    const column = layout.columnOf.get(range.layer.name);
    if (column === undefined || layout.nodeOf[column].length < range.layer.n_units) continue;
    const sources = range.layer.sources.flatMap((name) => layout.columnOf.get(name) ?? []);
    const sizes = sources.map((each) => layout.columns[each].nUnits);
    sources.forEach((source, index) => {
      links.groups.push(links.n);
      if (range.layer.n_inputs === 0) passOn(links, layout, source, column);
      else {
        const unitOf = sourceUnitOf(range.layer, index, sizes);
        connect(links, { frame, range, layout, source, column, unitOf, values });
      }
    });
  }
  return links;
}

interface Connection {
  frame: FlowFrame;
  range: LayerRange;
  layout: ColumnLayout;
  source: number;
  column: number;
  unitOf: (input: number) => number;
  values: Float32Array;
}

function connect(links: Links, connection: Connection): void {
  const { frame, range, layout, source, column, unitOf, values } = connection;
  const [from, to] = [layout.nodeOf[source], layout.nodeOf[column]];
  const [a, b] = [layout.columns[source], layout.columns[column]];
  const end = range.firstEdge + range.layer.n_edges;
  const isPlain = a.nHidden === 0 && b.nHidden === 0 && range.layer.inputs_per_source === 1;
  if (isPlain) {
    for (let edge = range.firstEdge; edge < end; edge++) {
      const unit = unitOf(frame.edges[2 * edge]);
      if (unit >= 0) push(links, from[unit], to[frame.edges[2 * edge + 1]], values[edge]);
    }
    return;
  }
  // Several connections may run between the same two nodes: the strongest is drawn.
  const best = new Float32Array(a.nNodes * b.nNodes).fill(Number.NaN);
  for (let edge = range.firstEdge; edge < end; edge++) {
    const unit = unitOf(frame.edges[2 * edge]);
    if (unit < 0) continue;
    const slot = (from[unit] - a.first) * b.nNodes + to[frame.edges[2 * edge + 1]] - b.first;
    const value = values[edge];
    if (!(Math.abs(value) <= Math.abs(best[slot]))) best[slot] = value;
  }
  for (let slot = 0; slot < best.length; slot++) {
    if (Number.isNaN(best[slot])) continue;
    push(links, a.first + Math.floor(slot / b.nNodes), b.first + (slot % b.nNodes), best[slot]);
  }
}

/** A layer without connections, such as a normalisation, passes each unit on as it is. */
function passOn(links: Links, layout: ColumnLayout, source: number, column: number): void {
  if (layout.columns[source].nUnits !== layout.columns[column].nUnits) return;
  const seen = new Set<number>();
  layout.nodeOf[source].forEach((from, unit) => {
    const to = layout.nodeOf[column][unit];
    const key = from * layout.x.length + to;
    if (seen.has(key)) return;
    seen.add(key);
    push(links, from, to, Number.NaN);
  });
}

function createLinks(capacity: number): Links {
  return {
    from: new Uint32Array(capacity),
    to: new Uint32Array(capacity),
    value: new Float32Array(capacity),
    n: 0,
    groups: [],
  };
}

function push(links: Links, from: number, to: number, value: number): void {
  if (links.n === links.from.length) grow(links);
  links.from[links.n] = from;
  links.to[links.n] = to;
  links.value[links.n] = value;
  links.n += 1;
}

function grow(links: Links): void {
  const larger = createLinks(Math.max(1024, 2 * links.n));
  larger.from.set(links.from);
  larger.to.set(links.to);
  larger.value.set(links.value);
  links.from = larger.from;
  links.to = larger.to;
  links.value = larger.value;
}

import { count, percent, scientific } from "../../../ui/format";
import type { UnitRef } from "../state/state";
import type { FlowFrame } from "../types";
import { sourceUnits } from "./columns";
import { layerRanges, sourceUnitOf } from "./links";

/** A name and its value in words; the first names the thing itself. */
export type Fact = readonly [name: string, value: string, testId: string];

/** What is known of a unit at a step, or of those of its layer that are not shown one by one (`hidden`). */
export function unitFacts(frame: FlowFrame, ref: UnitRef, hidden: readonly number[]): Fact[] {
  const range = layerRanges(frame.layers).find(({ layer }) => layer.name === ref.layer);
  if (!range) return ref.layer === "" ? inputFacts(ref, hidden) : [["layer", ref.layer, "unit-layer"]];
  const { layer, firstUnit } = range;
  const units = ref.unit >= 0 ? [ref.unit] : hidden;
  const mean = (values: Float32Array) => meanOf(units.map((unit) => values[firstUnit + unit]));
  const title =
    ref.unit >= 0 ? `${layer.unit} ${ref.unit}` : `mean of ${count(hidden.length, `more ${layer.unit}`)}`;
  const saturated = mean(frame.unitSaturated);
  const otherwise = layer.n_nonfinite_gradient ? NOT_FINITE : layer.calls > 0 ? "none arrived" : "unknown";
  return [
    ["layer", layer.name, "unit-layer"],
    ["unit", title, "unit-name"],
    [
      "mean |activation|",
      known(mean(frame.unitActivation), layer.n_nonfinite_activation ? NOT_FINITE : "unknown"),
      "unit-activation",
    ],
    ["share of zeros", share(mean(frame.unitZeros)), "unit-zeros"],
    ...(Number.isFinite(saturated) ? [["saturated", share(saturated), "unit-saturated"] as const] : []),
    ["mean |dL/da|", known(mean(frame.unitGradient), otherwise), "unit-gradient"],
    ["mean dL/da", known(mean(frame.unitSigned), otherwise), "unit-signed"],
  ];
}

const NOT_FINITE = "not finite";

/** Why units of a step have no gradient to show. */
export function noGradientText(frame: FlowFrame | null): string {
  if (frame?.layers.some((layer) => layer.n_nonfinite_gradient)) return "no gradient arrived, or not finite";
  return frame?.layers.some((layer) => layer.calls > 0) === false ? "unknown" : "no gradient arrived";
}

function inputFacts(ref: UnitRef, hidden: readonly number[]): Fact[] {
  const title = ref.unit >= 0 ? `input ${ref.unit}` : count(hidden.length, "more input");
  return [
    ["layer", "the network's input", "unit-layer"],
    ["unit", title, "unit-name"],
  ];
}

/** What is known of the connections between two units or groups of units. */
export function linkFacts(frame: FlowFrame, from: UnitRef, to: UnitRef, nodes: LinkUnits): Fact[] {
  const found = connectionsOf(frame, from, to, nodes);
  const name = `${wordsOf(from)} → ${wordsOf(to)}`;
  if (found.length === 0)
    return [
      ["connection", name, "link-name"],
      ["", "passed on as it is", "link-weight"],
    ];
  const best = found.reduce((a, b) => (size(frame.edgeGradient[b]) > size(frame.edgeGradient[a]) ? b : a));
  return [
    ["connection", name, "link-name"],
    ...(found.length > 1 ? [["strongest of", count(found.length, "connection"), "link-count"] as const] : []),
    ["|weight|, signed", known(frame.edgeWeight[best]), "link-weight"],
    ["|dL/dw|, signed", known(frame.edgeGradient[best]), "link-gradient"],
  ];
}

export interface LinkUnits {
  /** Whether a unit belongs to the node. */
  isFrom: (unit: number) => boolean;
  isTo: (unit: number) => boolean;
  /** By name how many units a layer has, "" for the input. */
  sizeOf: (name: string) => number;
}

/** The numbers of the frame's connections between two nodes. */
function connectionsOf(frame: FlowFrame, from: UnitRef, to: UnitRef, nodes: LinkUnits): number[] {
  const range = layerRanges(frame.layers).find(({ layer }) => layer.name === to.layer);
  if (!range || sourceUnits(range.layer) === 0) return [];
  const source = range.layer.sources.indexOf(from.layer);
  if (source < 0) return [];
  const unitOf = sourceUnitOf(range.layer, source, range.layer.sources.map(nodes.sizeOf));
  const found: number[] = [];
  for (let edge = range.firstEdge; edge < range.firstEdge + range.layer.n_edges; edge++) {
    if (nodes.isTo(frame.edges[2 * edge + 1]) && nodes.isFrom(unitOf(frame.edges[2 * edge])))
      found.push(edge);
  }
  return found;
}

export function wordsOf({ layer, unit }: UnitRef): string {
  return `${layer || "input"} ${unit < 0 ? "(rest)" : unit}`;
}

function size(value: number): number {
  return Number.isFinite(value) ? Math.abs(value) : -1;
}

function meanOf(values: number[]): number {
  const finite = values.filter(Number.isFinite);
  return finite.length === 0 ? Number.NaN : finite.reduce((sum, value) => sum + value, 0) / finite.length;
}

function known(value: number, otherwise = "unknown"): string {
  return Number.isNaN(value) ? otherwise : scientific(value);
}

function share(value: number): string {
  return Number.isNaN(value) ? "unknown" : percent(value);
}

import { ApiError } from "../../api/errors";
import type { Frame } from "../../api/frame";
import { type FlowFrame, type FlowLayer, MEASURES, type OverviewPart } from "./types";

/** @throws ApiError of kind "broken": arrays are missing or do not fit the table of the layers. */
export function toFlow(frame: Frame): FlowFrame {
  const { step, epoch, version, layers, problems } = frame.attributes;
  const table = layers as FlowLayer[];
  if (typeof step !== "number" || !Array.isArray(table))
    throw new ApiError("broken", "The flow has no layers.");
  const nUnits = table.reduce((sum, layer) => sum + layer.n_units, 0);
  const nEdges = table.reduce((sum, layer) => sum + layer.n_edges, 0);
  const floats = (name: string, length: number) => {
    const data = frame.arrays.get(name)?.data;
    if (data instanceof Float32Array && data.length === length) return data;
    throw new ApiError("broken", `The flow at step ${step} has no usable ${name}.`);
  };
  const edges = frame.arrays.get("edges")?.data;
  if (!(edges instanceof Int32Array) || edges.length !== 2 * nEdges)
    throw new ApiError("broken", `The flow at step ${step} has no usable connections.`);
  return {
    step,
    epoch: typeof epoch === "number" ? epoch : null,
    version: String(version ?? ""),
    layers: table,
    problems: Array.isArray(problems) ? problems.map(String) : [],
    unitActivation: floats("unit_activation", nUnits),
    unitZeros: floats("unit_zeros", nUnits),
    unitSaturated: floats("unit_saturated", nUnits),
    unitGradient: floats("unit_gradient", nUnits),
    unitSigned: floats("unit_signed", nUnits),
    edges,
    edgeGradient: floats("edge_gradient", nEdges),
    edgeWeight: floats("edge_weight", nEdges),
  };
}

/** @throws ApiError of kind "broken": a measure is missing or has another size. */
export function toOverview(frame: Frame): OverviewPart {
  const { steps, stride, layers, complete } = frame.attributes as Partial<OverviewPart>;
  if (!Array.isArray(steps) || !Array.isArray(layers))
    throw new ApiError("broken", "The overview has no steps or no layers.");
  const values = {} as OverviewPart["values"];
  for (const measure of MEASURES) {
    const data = frame.arrays.get(measure)?.data;
    if (!(data instanceof Float32Array) || data.length !== steps.length * layers.length)
      throw new ApiError("broken", `The overview has no usable ${measure}.`);
    values[measure] = data;
  }
  return { steps, layers, stride: Number(stride), complete: complete === true, values };
}

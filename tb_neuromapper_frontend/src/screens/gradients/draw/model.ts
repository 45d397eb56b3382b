import { computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Box, Size } from "../../../render/camera";
import type { FlowStep } from "../../../render/flow/scene";
import type { Session } from "../../../session";
import type { Gradients } from "../state/actions";
import type { FlowFrames } from "../state/flow_frames";
import type { UnitRef } from "../state/state";
import type { FlowFrame, FlowLayer } from "../types";
import { type ColumnLayout, gapFor, layOut, sourceUnits } from "./columns";
import { layerRanges } from "./links";
import { prepare } from "./prepare";

/** What the neuron view, its headings and its pointer share. */
export interface FlowModel {
  /** Of the plot, in CSS pixels. */
  size: Signal<Size>;
  /** The tab is in the background: its frame has no height. */
  hidden: Signal<boolean>;
  /** Null without layers. */
  layout: ReadonlySignal<ColumnLayout | null>;
  /** A step ready to draw, or null until its frame has come. */
  step(step: number): FlowStep | null;
  /** Milliseconds that making the last steps ready took. */
  readonly prepareMs: readonly number[];
  dispose(): void;
}

export function boxOf({ width, height }: ColumnLayout): Box {
  return [0, 0, width, height];
}

/** The node that shows a unit, alone or with the rest of its layer; -1 without any. */
export function nodeOf(model: FlowModel, ref: UnitRef | null): number {
  const layout = model.layout.peek();
  const index = ref && layout ? layout.columnOf.get(ref.layer) : undefined;
  if (!ref || !layout || index === undefined) return -1;
  const column = layout.columns[index];
  if (ref.unit >= 0) return layout.nodeOf[index][ref.unit] ?? -1;
  return column.nHidden > 0 ? column.first + column.nNodes - 1 : -1;
}

export function createFlowModel(session: Session, gradients: Gradients, frames: FlowFrames): FlowModel {
  const size = signal<Size>({ width: 800, height: 400 });
  const strengths = signal<ReadonlyMap<string, Float32Array>>(new Map());
  const aspect = computed(() => Math.round((8 * size.value.width) / Math.max(1, size.value.height)) / 8);
  // A network's layers may have changed: a step is laid out by its own table, the newest until it has come.
  let known: FlowFrame | null = null;
  const layersNow = computed(() => {
    gradients.nFrames.value;
    const step = session.recordedStep.value;
    known = (step === null ? null : frames.get(step)) ?? known;
    return known && gradients.summary.value?.run === session.runName.value
      ? known.layers
      : gradients.layers.value;
  });
  // Tables differ in their counts from step to step; only other layers are laid out anew.
  const table = computed(() => JSON.stringify(layersNow.value.map(shapeOf)));
  const layout = computed(() => {
    table.value;
    const layers = layersNow.peek();
    if (layers.length === 0) return null;
    const unfolded = gradients.unfolded.value;
    const gap = gapFor(layers, aspect.value, unfolded);
    return layOut(layers, { unfolded, strengths: strengths.value, gap });
  });
  let rankedBy: FlowFrame | null = null;
  // The units of a large layer are chosen once, so that the picture stands still from step to step.
  const stop = effect(() => {
    gradients.nFrames.value;
    const at = gradients.rankedAt.value;
    const step = at ?? session.recordedStep.value;
    const frame = step === null ? null : frames.get(step);
    if (!frame || (at !== null && strengths.peek().size > 0 && rankedBy === frame)) return;
    rankedBy = frame;
    strengths.value = strengthsOf(frame);
    if (at === null) gradients.actions.unitsRanked(frame.step);
  });
  const prepareMs: number[] = [];
  const prepared = new WeakMap<FlowFrame, { key: readonly unknown[]; step: FlowStep }>();
  return {
    size,
    hidden: signal(false),
    layout,
    step(step) {
      const frame = frames.get(step);
      const columns = layout.peek();
      const scale = gradients.summary.peek()?.scale;
      if (!frame || !columns || !scale) return null;
      const shown = gradients.shown.peek();
      const limit = gradients.edgeLimit.peek();
      const key = [columns, JSON.stringify(scale), shown, limit];
      const known = prepared.get(frame);
      if (known?.key.every((part, index) => part === key[index])) return known.step;
      const started = performance.now();
      const made = prepare(frame, { layout: columns, scale, shown, limit });
      prepareMs.push(performance.now() - started);
      if (prepareMs.length > 100) prepareMs.shift();
      prepared.set(frame, { key, step: made });
      return made;
    },
    prepareMs,
    dispose: stop,
  };
}

/** What of a layer its place depends on. */
function shapeOf({ name, n_units, n_inputs, inputs_per_source, sources }: FlowLayer): unknown {
  return [name, n_units, n_inputs, inputs_per_source, sources];
}

/** By layer how strong its units are at a step: their gradient, where none arrived their activation; "": the input. */
function strengthsOf(frame: FlowFrame): Map<string, Float32Array> {
  const found = new Map<string, Float32Array>();
  const nInputs = Math.max(0, ...frame.layers.filter(feedsOnInput).map(sourceUnits));
  const inputs = new Float32Array(nInputs);
  for (const { layer, firstUnit, firstEdge } of layerRanges(frame.layers)) {
    const end = firstUnit + layer.n_units;
    const gradient = frame.unitGradient.subarray(firstUnit, end);
    const known = gradient.some((value) => value > 0);
    found.set(layer.name, known ? gradient : frame.unitActivation.subarray(firstUnit, end));
    if (!feedsOnInput(layer)) continue;
    for (let edge = firstEdge; edge < firstEdge + layer.n_edges; edge++) {
      const unit = Math.floor(frame.edges[2 * edge] / layer.inputs_per_source);
      if (unit < nInputs) inputs[unit] += Math.abs(frame.edgeGradient[edge]) || 0;
    }
  }
  found.set("", inputs);
  return found;
}

function feedsOnInput(layer: { sources: string[] }): boolean {
  return layer.sources.includes("");
}

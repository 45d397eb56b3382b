import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { type Affine, type Size, toPixels } from "../../../render/camera";
import type { Session } from "../../../session";
import { integer } from "../../../ui/format";
import type { Column, ColumnLayout } from "../draw/columns";
import { watchFlowPointer } from "../draw/flow_pointer";
import { boxOf, type FlowModel } from "../draw/model";
import { createFlowStage, type FlowStage } from "../draw/stage";
import type { Gradients } from "../state/actions";
import type { FlowFrames } from "../state/flow_frames";
import { ColumnHeads } from "./column_heads";
import { FlowLegend } from "./flow_legend";

interface FlowProps {
  session: Session;
  gradients: Gradients;
  frames: FlowFrames;
  model: FlowModel;
  onStage: (stage: FlowStage | null) => void;
}

/** The neuron view: the layers as columns, the input on the left; the gradient travels to it from the right. */
export function FlowView({ session, gradients, frames, model, onStage }: FlowProps) {
  const plot = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    if (!canvas.current || !plot.current) return;
    const stage = tryStage(session, gradients, frames, model, canvas.current);
    setFailed(stage === null);
    onStage(stage);
    const unwatch = watchFlowPointer(plot.current, { session, gradients, model });
    return () => {
      unwatch();
      onStage(null);
      stage?.dispose();
    };
  }, [session, gradients, frames, model, onStage]);
  useSize(plot, model);
  const nCalls = gradients.nCalls.value;
  useEffect(() => {
    if (nCalls > 0) plot.current?.scrollIntoView({ block: "nearest" });
  }, [nCalls]);
  const shown = gradients.shown.value;
  gradients.nFrames.value;
  const frame = (session.recordedStep.value !== null && frames.get(session.recordedStep.value)) || null;
  const problems = frame?.problems.join(" ") ?? "";
  return (
    <section class="nm-flow" aria-label="Neuron view">
      <ColumnHeads session={session} gradients={gradients} model={model} />
      <div
        class="nm-flow-plot"
        ref={plot}
        role="application"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: see above
        tabIndex={0}
        aria-label="The network's units and connections. Arrows go from unit to unit, Enter follows one or unfolds a layer; plus, minus and 0 zoom, shift and arrows pan."
        data-testid="flow-plot"
        data-shown={shown}
      >
        <canvas class="nm-canvas" ref={canvas} data-testid="flow-canvas" />
        <RestLabels session={session} gradients={gradients} model={model} />
        {failed && <p class="nm-words nm-error">The graphics driver refuses to draw the network.</p>}
        {!failed && gradients.nFrames.value === 0 && <p class="nm-words">Reading the step.</p>}
      </div>
      <p class="nm-direction">
        <span class="nm-error" title={problems} data-testid="step-problems">
          {problems}
        </span>
        {shown === "gradient" && <span>← the gradient travels from the output to the input</span>}
      </p>
      <FlowLegend session={session} gradients={gradients} frame={frame} />
    </section>
  );
}

function useSize(plot: RefObject<HTMLDivElement | null>, model: FlowModel): void {
  useEffect(() => {
    const element = plot.current;
    if (!element) return;
    const observer = new ResizeObserver(() => {
      const { clientWidth: width, clientHeight: height } = element;
      const known = model.size.peek();
      model.hidden.value = width === 0 || height === 0;
      if (width > 0 && height > 0 && (width !== known.width || height !== known.height))
        model.size.value = { width, height };
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [plot, model]);
}

/** A driver that does not compile the shaders is as good as none. */
function tryStage(...args: Parameters<typeof createFlowStage>): FlowStage | null {
  try {
    return createFlowStage(...args);
  } catch {
    return null;
  }
}

/** Below a large layer how many of its units are not shown one by one; unfolds it, or folds it again. */
function RestLabels({ gradients, model }: { session: Session; gradients: Gradients; model: FlowModel }) {
  const layout = model.layout.value;
  if (!layout) return null;
  const size = model.size.value;
  const view = toPixels(gradients.camera.value, boxOf(layout), size);
  return (
    <>
      {restLabels(layout, view, size).map(({ column, words, x, y }) => (
        <button
          key={column.name}
          type="button"
          class="nm-button nm-rest"
          style={{ left: `${x}px`, top: `${y}px` }}
          aria-expanded={column.unfolded}
          onClick={() => gradients.actions.layerUnfolded(column.name)}
          data-testid="rest"
          data-layer={column.name}
        >
          {words}
        </button>
      ))}
    </>
  );
}

/** Those for which there is room; without words the node itself is what unfolds. */
function restLabels(layout: ColumnLayout, view: Affine, { width, height }: Size) {
  const isNarrow = (view.a * layout.width) / layout.columns.length < 78;
  const found: { column: Column; words: string; x: number; y: number }[] = [];
  let taken = Number.NEGATIVE_INFINITY;
  for (const column of layout.columns) {
    if (column.nHidden === 0 && !column.unfolded) continue;
    const words = column.nHidden > 0 ? `+ ${integer(column.nHidden)}${isNarrow ? "" : " more"}` : "fold";
    const last = column.first + column.nNodes - 1;
    const middle = view.a * ((column.left + column.right) / 2) + view.e;
    // The lowest node: the last one's column of an unfolded layer may be shorter than the others.
    const lowest = Math.min(...layout.y.subarray(column.first, last + 1));
    const y = view.d * (lowest - layout.radius[last]) + view.f;
    const half = (LETTER_PX * words.length) / 2;
    const x = Math.min(Math.max(middle, half), width - half);
    if (middle < 0 || middle > width || y < 0 || y > height || x - half < taken) continue;
    found.push({ column, words, x, y: Math.min(y + 2, height - 16) });
    taken = x + half;
  }
  return found;
}

const LETTER_PX = 7;

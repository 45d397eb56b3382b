import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { flowColor, type Sign } from "../../color/flow_colors";
import type { Theme } from "../../color/palette";
import { type Affine, type Size, toPixels } from "../../render/camera";
import type { FlowFrames } from "../../state/flow_frames";
import type { Store } from "../../state/store";
import { count, integer } from "../../ui/format";
import { ScaleBar } from "../../ui/scale_bar";
import type { Column, ColumnLayout } from "./columns";
import { watchFlowPointer } from "./flow_pointer";
import { boxOf, type FlowModel } from "./model";
import { createFlowStage, type FlowStage } from "./stage";

interface FlowProps {
  store: Store;
  frames: FlowFrames;
  model: FlowModel;
  onStage: (stage: FlowStage | null) => void;
}

/** The neuron view: the layers as columns, the input on the left; the gradient travels to it from the right. */
export function FlowView({ store, frames, model, onStage }: FlowProps) {
  const plot = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    if (!canvas.current || !plot.current) return;
    const stage = tryStage(store, frames, model, canvas.current);
    setFailed(stage === null);
    onStage(stage);
    const unwatch = watchFlowPointer(plot.current, { store, model });
    return () => {
      unwatch();
      onStage(null);
      stage?.dispose();
    };
  }, [store, frames, model, onStage]);
  useSize(plot, model);
  const shown = store.gradients.shown.value;
  return (
    <section class="nm-flow" aria-label="Neuron view">
      <ColumnHeads store={store} model={model} />
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
        <RestLabels store={store} model={model} />
        {failed && <p class="nm-words nm-error">The graphics driver refuses to draw the network.</p>}
        {!failed && store.gradients.nFrames.value === 0 && <p class="nm-words">Reading the step.</p>}
        <span class="nm-direction" aria-hidden="true">
          ← the gradient travels from the output to the input
        </span>
      </div>
      <FlowLegend store={store} />
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
function RestLabels({ store, model }: { store: Store; model: FlowModel }) {
  const layout = model.layout.value;
  if (!layout) return null;
  const size = model.size.value;
  const view = toPixels(store.gradients.camera.value, boxOf(layout), size);
  return (
    <>
      {restLabels(layout, view, size).map(({ column, words, x, y }) => (
        <button
          key={column.name}
          type="button"
          class="nm-button nm-rest"
          style={{ left: `${x}px`, top: `${y}px` }}
          aria-expanded={column.unfolded}
          onClick={() => store.actions.layerUnfolded(column.name)}
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
    const x = view.a * ((column.left + column.right) / 2) + view.e;
    const y = view.d * (layout.y[last] - layout.radius[last]) + view.f;
    const half = (LETTER_PX * words.length) / 2;
    if (x < 0 || x > width || y < 0 || y > height || x - half < taken) continue;
    found.push({ column, words, x, y: Math.min(y + 2, height - 16) });
    taken = x + half;
  }
  return found;
}

const LETTER_PX = 7;
const MIN_EDGE_PX = 48;
const MIN_HEAD_PX = 76;

/** The layers' names above their columns, as many as there is room for. */
function ColumnHeads({ store, model }: { store: Store; model: FlowModel }) {
  const layout = model.layout.value;
  const size = model.size.value;
  const camera = store.gradients.camera.value;
  const chosen = store.gradients.layer.value;
  const heads = layout ? headsOf(layout, toPixels(camera, boxOf(layout), size), size.width, chosen) : [];
  return (
    <div class="nm-heads" data-testid="column-heads">
      {heads.map(({ column, left, width }) => (
        <button
          key={column.name}
          type="button"
          class="nm-head"
          style={{ left: `${left}px`, width: `${width}px` }}
          aria-pressed={column.name === chosen}
          disabled={column.layer === null}
          title={titleOf(column)}
          onClick={() => store.actions.layerChosen(column.name === chosen ? null : column.name)}
          data-testid="column-head"
          data-layer={column.name}
        >
          <span class="nm-head-name">{shortened(column.name || "input", width)}</span>
          <span class="nm-muted">{unitsOf(column)}</span>
        </button>
      ))}
    </div>
  );
}

function headsOf(layout: ColumnLayout, view: Affine, width: number, chosen: string | null) {
  const middles = layout.columns.map((column) => view.a * ((column.left + column.right) / 2) + view.e);
  const found: { column: Column; left: number; width: number }[] = [];
  let taken = Number.NEGATIVE_INFINITY;
  const spacing =
    middles.length > 1 ? (middles[middles.length - 1] - middles[0]) / (middles.length - 1) : width;
  const every = Math.ceil(MIN_HEAD_PX / Math.max(1, spacing));
  const headWidth = Math.min(130, Math.max(MIN_HEAD_PX, every * spacing - 6));
  const chosenAt = layout.columns.findIndex((column) => column.name === chosen);
  layout.columns.forEach((column, index) => {
    // A heading at the edge is as narrow as it must be to stand above its column.
    const room = 2 * Math.min(middles[index], width - middles[index]);
    const own = Math.min(headWidth, Math.max(MIN_EDGE_PX, room));
    const left = Math.min(Math.max(middles[index] - own / 2, 0), width - own);
    const isIn = middles[index] > 0 && middles[index] < width;
    const blocksChosen = chosenAt > index && middles[chosenAt] - middles[index] < headWidth;
    if (!isIn || left < taken || blocksChosen) return;
    found.push({ column, left, width: own });
    taken = left + own;
  });
  return found;
}

/** Of a long name the end tells it from its neighbours. */
function shortened(name: string, width: number): string {
  const room = Math.max(4, Math.floor(width / 7.6));
  return name.length <= room ? name : `…${name.slice(1 - room)}`;
}

function unitsOf({ nUnits, nHidden, layer }: Column): string {
  const noun = layer?.unit ?? "input";
  return nHidden > 0 ? `${nUnits - nHidden} of ${count(nUnits, noun)}` : count(nUnits, noun);
}

function titleOf(column: Column): string {
  const { layer } = column;
  if (!layer) return "The network's input";
  const parts = [
    layer.name,
    layer.activation ? `${layer.type} + ${layer.activation}` : layer.type,
    unitsOf(column),
  ];
  if (layer.frozen) parts.push("frozen");
  if (layer.shares) parts.push(`shares the weights of ${layer.shares}`);
  if (layer.n_edges < layer.n_connections)
    parts.push(`the strongest ${layer.n_edges} of ${count(layer.n_connections, "connection")} are recorded`);
  return parts.join("\n");
}

const STEPS = [0, 0.2, 0.4, 0.6, 0.8, 1];

function colorsOf(sign: Sign, theme: Theme): string[] {
  return STEPS.map((share) => flowColor(share, sign, theme));
}

/** What the colours mean. */
function FlowLegend({ store }: { store: Store }) {
  const { gradients, actions } = store;
  const theme = store.theme.value;
  const scale = gradients.summary.value?.scale;
  const isGradient = gradients.shown.value === "gradient";
  const positive = { label: "+", colors: colorsOf("positive", theme) };
  const negative = { label: "−", colors: colorsOf("negative", theme) };
  const unsigned = { label: "", colors: colorsOf("unsigned", theme) };
  const rankedAt = gradients.rankedAt.value;
  const step = gradients.step.value;
  return (
    <div class="nm-flow-legend" data-testid="flow-legend">
      {isGradient ? (
        <>
          <ScaleBar
            title="unit: mean |dL/da|, loss per activation"
            ends={scale?.unit ?? null}
            rows={[positive, negative]}
            testId="unit-scale"
          />
          <ScaleBar
            title="connection: |dL/dw|, loss per weight"
            ends={scale?.edge ?? null}
            rows={[positive, negative]}
            testId="edge-scale"
          />
        </>
      ) : (
        <>
          <ScaleBar
            title="unit: mean |activation|"
            ends={scale?.activation ?? null}
            rows={[unsigned]}
            testId="unit-scale"
          />
          <ScaleBar
            title="connection: |weight|"
            ends={scale?.weight ?? null}
            rows={[positive, negative]}
            testId="edge-scale"
          />
        </>
      )}
      <p class="nm-muted nm-flow-notes">
        <span>
          <i class="nm-mark-zero" /> zero
        </span>
        <span>
          <i class="nm-mark-unknown" /> {isGradient ? "no gradient arrived" : "unknown"}
        </span>
        {rankedAt !== null && hasHidden(store) && (
          <span>
            large layers: strongest at step {rankedAt}{" "}
            {step !== null && step !== rankedAt && (
              <button
                type="button"
                class="nm-button nm-link"
                onClick={() => actions.unitsRanked(step)}
                data-testid="rank"
              >
                choose at this step
              </button>
            )}
          </span>
        )}
      </p>
    </div>
  );
}

function hasHidden(store: Store): boolean {
  return store.gradients.layers.value.some((layer) => layer.n_units > 32);
}

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { LogEnds } from "../../../color/log_scale";
import type { Session } from "../../../session";
import { indexOfStep } from "../../../session/steps";
import { integer } from "../../../ui/format";
import { paintHeatMap } from "../draw/heat_map";
import type { Gradients } from "../state/actions";
import type { TreeRow } from "../state/layer_tree";
import type { OverviewPart } from "../types";

const ROW_PX = 18;

export interface Rows {
  rows: TreeRow[];
  values: Float32Array[];
  ends: LogEnds | null;
}

interface MapProps {
  session: Session;
  gradients: Gradients;
  part: OverviewPart;
  shown: Rows;
  pointed: { value: { row: number; column: number } | null };
}

/** The layers over the steps; a click goes to a layer and a step. */
export function HeatMapView({ session, gradients, part, shown, pointed }: MapProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useSignal(0);
  const theme = session.theme.value;
  const { rows, values, ends } = shown;
  const nSteps = part.steps.length;
  useEffect(() => {
    const element = canvas.current?.parentElement;
    if (!element) return;
    const observer = new ResizeObserver(() => {
      width.value = element.clientWidth;
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [width]);
  const widthPx = width.value;
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context || widthPx === 0) return;
    const ratio = window.devicePixelRatio || 1;
    context.canvas.width = Math.round(widthPx * ratio);
    context.canvas.height = Math.max(1, Math.round(rows.length * ROW_PX * ratio));
    const lines = rows.map((row, index) => ({
      values: values[index],
      empty: row.isGroup && !row.folded,
    }));
    paintHeatMap(context, { rows: lines, nSteps, ends, theme }, ROW_PX * ratio);
  }, [rows, values, ends, nSteps, theme, widthPx]);

  const at = session.recordedStep.value === null ? -1 : indexOfStep(part.steps, session.recordedStep.value);
  const choose = (row: number, column: number) => {
    const { layers } = rows[row];
    session.actions.trainStepChosen(part.steps[column]);
    if (layers.length === 1) gradients.actions.layerChosen(part.layers[layers[0]]);
    else gradients.actions.moduleFolded(rows[row].path);
  };
  const placeOf = (event: MouseEvent) => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const row = Math.floor((event.clientY - box.top) / ROW_PX);
    const column = Math.floor(((event.clientX - box.left) / box.width) * nSteps);
    return row >= 0 && row < rows.length && column >= 0 && column < nSteps ? { row, column } : null;
  };
  const now = pointed.value;
  return (
    <div class="nm-map-column">
      <StepTicks steps={part.steps} widthPx={widthPx} />
      <div
        class="nm-map"
        role="application"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: see above
        tabIndex={0}
        aria-label="Heat map of the layers over the steps. Arrows move the mark, Enter goes to its layer and step."
        style={{ height: `${rows.length * ROW_PX}px` }}
        onPointerMove={(event) => {
          pointed.value = placeOf(event);
        }}
        onPointerLeave={() => {
          pointed.value = null;
        }}
        onBlur={() => {
          pointed.value = null;
        }}
        onClick={(event) => {
          const place = placeOf(event);
          if (place) choose(place.row, place.column);
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter" && now) choose(now.row, now.column);
          const by = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[
            event.key
          ];
          if (!by && !(event.key === "Enter" && now)) return;
          event.preventDefault();
          event.stopPropagation();
          if (!by) return;
          const from = now ?? { row: 0, column: at };
          pointed.value = {
            row: Math.min(rows.length - 1, Math.max(0, from.row + by[0])),
            column: Math.min(nSteps - 1, Math.max(0, from.column + by[1])),
          };
        }}
        data-testid="overview-map"
        data-rows={rows.length}
        data-steps={nSteps}
      >
        <canvas ref={canvas} data-testid="overview-canvas" />
        {at >= 0 && (
          <i
            class="nm-map-now"
            style={{ left: `${(at / nSteps) * 100}%`, width: `${100 / nSteps}%` }}
            data-testid="overview-now"
          />
        )}
        {now && (
          <i
            class="nm-map-mark"
            style={{
              left: `${(now.column / nSteps) * 100}%`,
              width: `${100 / nSteps}%`,
              top: `${now.row * ROW_PX}px`,
              height: `${ROW_PX}px`,
            }}
          />
        )}
      </div>
    </div>
  );
}

const TICK_WIDTH_PX = 60;

/** Some of the steps above their columns. */
function StepTicks({ steps, widthPx }: { steps: readonly number[]; widthPx: number }) {
  const every = Math.max(1, Math.ceil((steps.length * TICK_WIDTH_PX) / Math.max(1, widthPx)));
  const places = Array.from({ length: Math.ceil(steps.length / every) }, (_, i) => i * every);
  return (
    <div class="nm-map-ticks" aria-hidden="true" data-testid="overview-ticks">
      {places.map((place) => (
        <span key={place} style={{ left: `${((place + 0.5) / steps.length) * 100}%` }}>
          {integer(steps[place])}
        </span>
      ))}
    </div>
  );
}

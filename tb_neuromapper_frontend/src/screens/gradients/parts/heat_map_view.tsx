import { useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { LogEnds } from "../../../color/log_scale";
import type { Theme } from "../../../color/palette";
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

interface Place {
  row: number;
  column: number;
}

interface MapProps {
  session: Session;
  gradients: Gradients;
  part: OverviewPart;
  shown: Rows;
  pointed: { value: Place | null };
}

/** The layers over the steps; a click goes to a layer and a step. */
export function HeatMapView(props: MapProps) {
  const { session, part, shown, pointed } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const widthPx = useWidth(canvas);
  const nRows = shown.rows.length;
  const nSteps = part.steps.length;
  usePainting(canvas, widthPx, shown, nSteps, session.theme.value);
  const step = session.recordedStep.value;
  const at = step === null ? -1 : indexOfStep(part.steps, step);
  return (
    <div class="nm-map-column">
      <StepTicks steps={part.steps} widthPx={widthPx} />
      <div
        class="nm-map"
        role="application"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: see above
        tabIndex={0}
        aria-label="Heat map of the layers over the steps. Arrows move the mark, Enter goes to its layer and step."
        style={{ height: `${nRows * ROW_PX}px` }}
        {...listeners(props, at)}
        data-testid="overview-map"
        data-rows={nRows}
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
        {pointed.value && <PointedMark place={pointed.value} nSteps={nSteps} />}
      </div>
    </div>
  );
}

/** Of the element around the canvas. */
function useWidth(canvas: RefObject<HTMLCanvasElement | null>): number {
  const width = useSignal(0);
  useEffect(() => {
    const element = canvas.current?.parentElement;
    if (!element) return;
    const observer = new ResizeObserver(() => {
      width.value = element.clientWidth;
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [canvas, width]);
  return width.value;
}

function usePainting(
  canvas: RefObject<HTMLCanvasElement | null>,
  widthPx: number,
  { rows, values, ends }: Rows,
  nSteps: number,
  theme: Theme,
): void {
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
  }, [canvas, rows, values, ends, nSteps, theme, widthPx]);
}

/** What the pointer and the keys do: the mark begins at the displayed step, `at`. */
function listeners({ session, gradients, part, shown: { rows }, pointed }: MapProps, at: number) {
  const nSteps = part.steps.length;
  const choose = ({ row, column }: Place) => {
    const { layers } = rows[row];
    session.actions.trainStepChosen(part.steps[column]);
    if (layers.length === 1) gradients.actions.layerChosen(part.layers[layers[0]]);
    else gradients.actions.moduleFolded(rows[row].path);
  };
  const placeOf = (event: MouseEvent): Place | null => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const row = Math.floor((event.clientY - box.top) / ROW_PX);
    const column = Math.floor(((event.clientX - box.left) / box.width) * nSteps);
    return row >= 0 && row < rows.length && column >= 0 && column < nSteps ? { row, column } : null;
  };
  const point = (place: Place | null) => {
    pointed.value = place;
  };
  return {
    onPointerMove: (event: PointerEvent) => point(placeOf(event)),
    onPointerLeave: () => point(null),
    onBlur: () => point(null),
    onClick(event: MouseEvent) {
      const place = placeOf(event);
      if (place) choose(place);
    },
    onKeyDown(event: KeyboardEvent) {
      const now = pointed.value;
      const by = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
      if (event.key === "Enter" && now) choose(now);
      else if (by) {
        const from = now ?? { row: 0, column: at };
        point({
          row: Math.min(rows.length - 1, Math.max(0, from.row + by[0])),
          column: Math.min(nSteps - 1, Math.max(0, from.column + by[1])),
        });
      } else return;
      event.preventDefault();
      event.stopPropagation();
    },
  };
}

function PointedMark({ place: { row, column }, nSteps }: { place: Place; nSteps: number }) {
  return (
    <i
      class="nm-map-mark"
      style={{
        left: `${(column / nSteps) * 100}%`,
        width: `${100 / nSteps}%`,
        top: `${row * ROW_PX}px`,
        height: `${ROW_PX}px`,
      }}
    />
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

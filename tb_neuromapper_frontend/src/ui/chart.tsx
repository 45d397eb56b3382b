import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import type { Theme } from "../color/palette";
import { AXIS_FONT, axisRange, axisWidth, WHOLE_STEPS, wholeText } from "./axes";

export interface Series {
  label: string;
  values: readonly (number | null)[];
  color: string;
  width?: number;
  dash?: readonly number[];
}

interface ChartProps {
  label: string;
  x: readonly number[];
  series: readonly Series[];
  /** Pairs of series with the area between them filled. */
  bands?: readonly { between: readonly [number, number]; fill: string }[];
  /** A logarithmic axis; what is not positive is not drawn. */
  log?: boolean;
  /** Where the cursor of all screens is. */
  at: number | null;
  height: number;
  theme: Theme;
  formatY: (value: number) => string;
  onChoose?: (x: number) => void;
  testId: string;
}

/** Lines over the training steps, with a mark at the cursor; a click moves it. */
export function Chart(props: ChartProps) {
  const root = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const { x, series, log, theme, height, at } = props;
  const hasValues = dataOf(props)
    .slice(1)
    .some((values) => values.some((value) => value !== null));
  const shape = JSON.stringify([
    hasValues,
    series.map(({ label, color }) => [label, color]),
    log,
    theme,
    height,
  ]);
  useEffect(() => {
    const element = root.current;
    if (!element || !hasValues) return;
    const made = new uPlot(optionsOf(latest, element.clientWidth), dataOf(latest.current), element);
    chart.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      chart.current = null;
    };
  }, [shape]);
  useEffect(() => chart.current?.setData(dataOf(latest.current)), [x, series]);
  useEffect(() => chart.current?.redraw(false), [at]);
  return (
    <div
      class="nm-chart"
      ref={root}
      style={{ height: `${height}px` }}
      role="img"
      aria-label={props.label}
      data-testid={props.testId}
      data-steps={x.length}
    >
      {!hasValues && <span class="nm-muted">{x.length === 0 ? "" : "no values"}</span>}
    </div>
  );
}

function dataOf({ x, series, log }: ChartProps): uPlot.AlignedData {
  const usable = (value: number | null) => (value !== null && log && value <= 0 ? null : value);
  return [[...x], ...series.map(({ values }) => values.map(usable))] as uPlot.AlignedData;
}

function optionsOf(latest: { current: ChartProps }, width: number): uPlot.Options {
  const { series, bands = [], log, theme, height } = latest.current;
  const ink = theme === "light" ? "#5f6368" : "#a5abb1";
  const grid = { stroke: theme === "light" ? "#e3e5e8" : "#3a3d41", width: 1 };
  const axis = { stroke: ink, grid, ticks: { ...grid, size: 3 }, font: AXIS_FONT };
  return {
    width,
    height,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: {
      x: { time: false },
      y: { distr: log ? 3 : 1, range: (_, low, high) => axisRange(low, high, log === true) },
    },
    axes: [
      { ...axis, size: 22, space: 44, incrs: WHOLE_STEPS, values: wholeText },
      {
        ...axis,
        size: axisWidth,
        space: 18,
        values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : latest.current.formatY(tick))),
      },
    ],
    series: [
      {},
      ...series.map(({ label, color, width: strokeWidth = 1.5, dash }) => ({
        label,
        stroke: color,
        width: strokeWidth,
        ...(dash ? { dash: [...dash] } : {}),
        points: { show: series[0].values.length < 2 },
      })),
    ],
    bands: bands.map(({ between: [upper, lower], fill }) => ({ series: [upper + 1, lower + 1], fill })),
    hooks: {
      draw: [(chart) => drawMark(chart, latest.current)],
      ready: [
        (chart) =>
          chart.over.addEventListener("click", () => {
            const index = chart.cursor.idx;
            if (typeof index === "number") latest.current.onChoose?.(latest.current.x[index]);
          }),
      ],
    },
  };
}

function drawMark(chart: uPlot, { at, theme }: ChartProps): void {
  if (at === null) return;
  const x = Math.round(chart.valToPos(at, "x", true));
  const { ctx, bbox } = chart;
  if (x < bbox.left || x > bbox.left + bbox.width) return;
  ctx.save();
  ctx.strokeStyle = theme === "light" ? "#c25100" : "#ff9d4d";
  ctx.lineWidth = window.devicePixelRatio || 1;
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.restore();
}

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import type { Theme } from "../../../color/palette";
import { AXIS_FONT, axisRange, axisWidth, WHOLE_STEPS, wholeText } from "../../../ui/axes";
import { scientific } from "../../../ui/format";
import { alignCurves, type Curve, gapsOf, type Mark, type PlacedMarks, placeMarks } from "../draw/curves";

export interface LineChartProps {
  label: string;
  curves: readonly Curve[];
  smoothing: number;
  log: boolean;
  marks: readonly Mark[];
  /** Where the cursor of all screens is, and where the pointer is in any chart of this axis. */
  at: number | null;
  pointed: number | null;
  theme: Theme;
  onPoint: (step: number | null) => void;
  onChoose: (step: number) => void;
}

const HEIGHT_PX = 170;
const AXIS_PX = 24;
const MARK_PX = 18;
const RAW_OPACITY = "59"; // Of 255: what is smoothed shows through.

/** The curves of several runs. A click moves the cursor; marks lie above the plot. */
export function LineChart(props: LineChartProps) {
  const root = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const [placed, setPlaced] = useState<PlacedMarks[]>([]);
  const { curves, smoothing, log, marks, theme, at, pointed } = props;
  const data = useMemo(() => alignCurves(curves, smoothing, log), [curves, smoothing, log]);
  const shape = JSON.stringify([
    data[0].length > 0,
    curves.map(({ run, color }) => [run, color]),
    smoothing > 0,
    log,
    theme,
  ]);
  const place = () => {
    const made = chart.current;
    if (made) setPlaced(placeMarks(latest.current.marks, (step) => visibleX(made, step), MARK_PX));
  };
  useEffect(() => {
    const element = root.current;
    if (!element || data[0].length === 0) return;
    const made = new uPlot(optionsOf(latest, element.clientWidth), data, element);
    chart.current = made;
    place();
    const observer = new ResizeObserver(() => {
      if (element.clientWidth === 0) return;
      made.setSize({ width: element.clientWidth, height: HEIGHT_PX });
      place();
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      chart.current = null;
    };
  }, [shape]);
  useEffect(() => {
    chart.current?.setData(data);
    place();
  }, [data]);
  useEffect(place, [marks]);
  useEffect(() => chart.current?.redraw(false), [at, pointed]);
  return (
    <div class="nm-line-chart">
      <div class="nm-marks" data-testid="marks">
        {placed.map((each) => (
          <MarkButton key={each.marks[0].label + each.marks[0].step} placed={each} />
        ))}
      </div>
      <div ref={root} class="nm-line-plot" role="img" aria-label={props.label} data-testid="curves" />
    </div>
  );
}

function MarkButton({ placed: { x, marks } }: { placed: PlacedMarks }) {
  const [first] = marks;
  const title = marks.map((mark) => mark.title).join("\n");
  const label = marks.length > 1 ? `${first.label}+` : first.label;
  return (
    <button
      type="button"
      class="nm-mark"
      style={{ left: `${x}px` }}
      title={title}
      aria-label={title}
      data-testid="mark"
      data-kind={first.kind}
      data-step={first.step}
      onClick={() => first.onOpen?.()}
    >
      {label}
    </button>
  );
}

/** The place of a step in pixels of the chart's element; NaN where it is not in the plot. */
function visibleX(chart: uPlot, step: number): number {
  const { left, width } = chart.bbox;
  const ratio = window.devicePixelRatio || 1;
  const x = chart.valToPos(step, "x") + left / ratio;
  return x >= left / ratio - 1 && x <= (left + width) / ratio + 1 ? x : Number.NaN;
}

function optionsOf(latest: { current: LineChartProps }, width: number): uPlot.Options {
  const { curves, smoothing, log, theme } = latest.current;
  const ink = theme === "light" ? "#5f6368" : "#a5abb1";
  const grid = { stroke: theme === "light" ? "#e3e5e8" : "#3a3d41", width: 1 };
  const axis = { stroke: ink, grid, ticks: { ...grid, size: 3 }, font: AXIS_FONT };
  const words = (_: uPlot, ticks: (number | null)[]) =>
    ticks.map((tick) => (tick === null ? "" : scientific(tick)));
  return {
    width,
    height: HEIGHT_PX,
    legend: { show: false },
    cursor: { y: false, x: false, drag: { x: false, y: false }, points: { show: false } },
    scales: {
      x: { time: false },
      y: { distr: log ? 3 : 1, range: (_, low, high) => axisRange(low, high, log) },
    },
    axes: [
      { ...axis, size: AXIS_PX, space: 48, incrs: WHOLE_STEPS, values: wholeText },
      { ...axis, size: axisWidth, space: 28, values: words },
    ],
    series: [{}, ...curves.flatMap((curve) => linesOf(curve, smoothing > 0))],
    hooks: {
      draw: [(chart) => drawOver(chart, latest.current)],
      setCursor: [(chart) => tellPointed(chart, latest)],
      ready: [(chart) => chart.over.addEventListener("click", () => choose(chart, latest))],
    },
  };
}

/** A curve's values and, if they are smoothed, their average, in front of the paler values. */
function linesOf({ run, color, dash, series }: Curve, isSmoothed: boolean): uPlot.Series[] {
  const points = { show: series.steps.length < 2, size: 5, fill: color };
  const line = { label: run, points, dash: [...dash], spanGaps: false };
  if (!isSmoothed) return [{ ...line, stroke: color, width: 1.5 }];
  return [
    { ...line, stroke: `${color}${RAW_OPACITY}`, width: 1 },
    { ...line, stroke: color, width: 1.75 },
  ];
}

function stepUnder(chart: uPlot): number | null {
  const index = chart.cursor.idx;
  return typeof index === "number" ? (chart.data[0][index] ?? null) : null;
}

function tellPointed(chart: uPlot, latest: { current: LineChartProps }): void {
  const left = chart.cursor.left ?? -1;
  latest.current.onPoint(left < 0 ? null : stepUnder(chart));
}

function choose(chart: uPlot, latest: { current: LineChartProps }): void {
  const step = stepUnder(chart);
  if (step !== null) latest.current.onChoose(step);
}

/** The cursors, and crosses at the foot where a value is not finite. */
function drawOver(chart: uPlot, { at, pointed, theme, curves, marks }: LineChartProps): void {
  const { ctx, bbox } = chart;
  const ratio = window.devicePixelRatio || 1;
  const accent = theme === "light" ? "#c25100" : "#ff9d4d";
  const ink = theme === "light" ? "#5f6368" : "#a5abb1";
  const inside = (x: number) => x >= bbox.left - 1 && x <= bbox.left + bbox.width + 1;
  const vertical = (step: number, color: string, dash: number[]) => {
    const x = Math.round(chart.valToPos(step, "x", true));
    if (!inside(x)) return;
    ctx.strokeStyle = color;
    ctx.setLineDash(dash.map((length) => length * ratio));
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  };
  ctx.save();
  ctx.lineWidth = ratio;
  for (const mark of marks) vertical(mark.step, `${accent}80`, [1, 3]);
  if (pointed !== null) vertical(pointed, ink, [3, 3]);
  if (at !== null) vertical(at, accent, []);
  ctx.setLineDash([]);
  ctx.lineWidth = 1.5 * ratio;
  for (const { step, color } of gapsOf(curves)) {
    const [x, y, r] = [chart.valToPos(step, "x", true), bbox.top + bbox.height - 6 * ratio, 3 * ratio];
    if (!inside(x)) continue;
    ctx.strokeStyle = color;
    ctx.beginPath();
    ctx.moveTo(x - r, y - r);
    ctx.lineTo(x + r, y + r);
    ctx.moveTo(x - r, y + r);
    ctx.lineTo(x + r, y - r);
    ctx.stroke();
  }
  ctx.restore();
}

import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { MEASURES, type Measure, type OverviewPart } from "../../api/gradient_types";
import { flowColor } from "../../color/flow_colors";
import { type LogEnds, logEnds } from "../../color/log_scale";
import { groupPaths, medianRow, type TreeRow, treeRows } from "../../state/layer_tree";
import { indexOfStep } from "../../state/steps";
import type { Store } from "../../state/store";
import { integer, percent } from "../../ui/format";
import { Icon } from "../../ui/icons";
import { ScaleBar } from "../../ui/scale_bar";
import { scientific } from "./facts";
import { paintHeatMap } from "./heat_map";

const MEASURE_TITLES: Record<Measure, string> = {
  gradient_norm: "gradient norm",
  update_ratio: "update ratio",
  dead: "dead units",
  activation: "activation",
};
const SCALE_TITLES: Record<Measure, string> = {
  gradient_norm: "‖dL/dw‖ of a layer's parameters, before clipping",
  update_ratio: "‖change of the weights‖ / ‖weights‖ in one step",
  dead: "share of units that put out nothing but 0",
  activation: "mean |activation| of a layer",
};
const ROW_PX = 18;

interface Rows {
  rows: TreeRow[];
  values: Float32Array[];
  ends: LogEnds | null;
}

/** All layers at all steps; the network's hierarchy folds, a click goes to a layer and a step. */
export function Overview({ store }: { store: Store }) {
  const { gradients } = store;
  const pointed = useSignal<{ row: number; column: number } | null>(null);
  const shown = useComputed<Rows | null>(() => {
    const part = gradients.overview.value;
    return part && rowsOf(part, gradients.measure.value, gradients.folded.value);
  });
  const part = gradients.overview.value;
  const names = gradients.layers.value.map((layer) => layer.name);
  const nRows = treeRows(names, gradients.folded.value).length;
  return (
    <section class="nm-overview" aria-label="Overview: layers over steps" style={{ "--rows": String(nRows) }}>
      <OverviewHead store={store} shown={shown.value} />
      {part && shown.value ? (
        <div class="nm-overview-body" data-testid="overview-body">
          <RowNames store={store} part={part} rows={shown.value.rows} />
          <HeatMapView store={store} part={part} shown={shown.value} pointed={pointed} />
        </div>
      ) : (
        <p class="nm-muted nm-overview-words">Reading the layers.</p>
      )}
      <p class="nm-overview-figures" data-testid="overview-figures" aria-live="polite">
        {part && shown.value ? figuresOf(store, part, shown.value, pointed.value) : ""}
      </p>
    </section>
  );
}

function rowsOf(part: OverviewPart, measure: Measure, folded: ReadonlySet<string>): Rows {
  const values = part.values[measure];
  const rows = treeRows(part.layers, folded);
  return {
    rows,
    values: rows.map(({ layers }) => medianRow(values, part.steps.length, layers)),
    ends: measure === "dead" ? null : logEnds(values),
  };
}

function OverviewHead({ store, shown }: { store: Store; shown: Rows | null }) {
  const { gradients, actions } = store;
  const measure = gradients.measure.value;
  const theme = store.theme.value;
  const groups = groupPaths(gradients.overview.value?.layers ?? []);
  const isFolded = gradients.folded.value.size > 0;
  const colors = [0, 0.2, 0.4, 0.6, 0.8, 1].map((share) => flowColor(share, "unsigned", theme));
  return (
    <div class="nm-overview-head">
      <label>
        <span class="nm-hidden">Overview of</span>
        <select
          aria-label="Overview of"
          data-testid="measure"
          value={measure}
          onChange={(event) => actions.measureChosen(event.currentTarget.value as Measure)}
        >
          {MEASURES.map((each) => (
            <option key={each} value={each}>
              {MEASURE_TITLES[each]}
            </option>
          ))}
        </select>
      </label>
      {groups.length > 0 && (
        <button
          type="button"
          class="nm-button"
          data-testid="fold-all"
          onClick={() => actions.modulesFolded(isFolded ? [] : groups)}
        >
          {isFolded ? "unfold all" : "fold all"}
        </button>
      )}
      {measure === "dead" ? (
        <figure class="nm-scale-bar" data-testid="overview-scale">
          <figcaption>{SCALE_TITLES.dead}</figcaption>
          <div class="nm-scale-row">
            <i style={{ background: `linear-gradient(to right, ${colors.join(", ")})` }} />
          </div>
          <div class="nm-scale-ticks">
            {[0, 0.5, 1].map((share) => (
              <span key={share} style={{ left: `${share * 100}%` }}>
                {percent(share)}
              </span>
            ))}
          </div>
        </figure>
      ) : (
        <ScaleBar
          title={SCALE_TITLES[measure]}
          ends={shown?.ends ?? null}
          rows={[{ label: "", colors }]}
          testId="overview-scale"
        />
      )}
    </div>
  );
}

function RowNames({ store, part, rows }: { store: Store; part: OverviewPart; rows: TreeRow[] }) {
  const { gradients, actions } = store;
  const types = new Map(gradients.layers.value.map(({ name, type }) => [name, type]));
  return (
    <ul class="nm-rows" aria-label="Layers">
      {rows.map((row) => {
        const isLayer = !row.isGroup;
        const layer = part.layers[row.layers[0]];
        return (
          <li key={`${row.path}${isLayer ? "" : "/"}`} style={{ paddingLeft: `${4 + 12 * row.depth}px` }}>
            <button
              type="button"
              class="nm-button nm-row-name"
              title={isLayer ? layer : `${row.path}: median of ${row.layers.length} layers`}
              {...(isLayer
                ? { "aria-pressed": layer === gradients.layer.value }
                : { "aria-expanded": !row.folded })}
              onClick={() =>
                isLayer
                  ? actions.layerChosen(layer === gradients.layer.value ? null : layer)
                  : actions.moduleFolded(row.path)
              }
              data-testid={isLayer ? "overview-layer" : "overview-module"}
              data-path={row.path}
            >
              {!isLayer && <Icon name={row.folded ? "next" : "down"} />}
              <span>{row.label}</span>
              {isLayer && <span class="nm-muted"> {types.get(layer)}</span>}
              {row.folded && <span class="nm-muted"> median of {row.layers.length}</span>}
            </button>
          </li>
        );
      })}
    </ul>
  );
}

interface MapProps {
  store: Store;
  part: OverviewPart;
  shown: Rows;
  pointed: { value: { row: number; column: number } | null };
}

function HeatMapView({ store, part, shown, pointed }: MapProps) {
  const { gradients, actions } = store;
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useSignal(0);
  const theme = store.theme.value;
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

  const at = gradients.step.value === null ? -1 : indexOfStep(part.steps, gradients.step.value);
  const choose = (row: number, column: number) => {
    const { layers } = rows[row];
    actions.trainStepChosen(part.steps[column]);
    if (layers.length === 1) actions.layerChosen(part.layers[layers[0]]);
    else actions.moduleFolded(rows[row].path);
  };
  const placeOf = (event: MouseEvent) => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const row = Math.floor((event.clientY - box.top) / ROW_PX);
    const column = Math.floor(((event.clientX - box.left) / box.width) * nSteps);
    return row >= 0 && row < rows.length && column >= 0 && column < nSteps ? { row, column } : null;
  };
  const now = pointed.value;
  return (
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
        const by = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
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
  );
}

function figuresOf(
  store: Store,
  part: OverviewPart,
  { rows, values }: Rows,
  pointed: { row: number; column: number } | null,
): string {
  const row = pointed ? rows[pointed.row] : undefined;
  const thinned = part.stride > 1 ? ` · every ${part.stride}th recorded step is shown` : "";
  if (!pointed || !row || pointed.column >= part.steps.length)
    return `${rows.length} rows · ${integer(part.steps.length)} steps${part.complete ? "" : ", reading more"}${thinned}`;
  const measure = store.gradients.measure.value;
  const value = values[pointed.row][pointed.column];
  const words = Number.isNaN(value) ? "unknown" : measure === "dead" ? percent(value) : scientific(value);
  const what = row.isGroup
    ? `${row.path} (median of ${row.layers.length} layers)`
    : part.layers[row.layers[0]];
  return `${what} · step ${integer(part.steps[pointed.column])} · ${MEASURE_TITLES[measure]} ${words}`;
}

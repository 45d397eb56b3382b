import { useComputed, useSignal } from "@preact/signals";
import { flowColor } from "../../../color/flow_colors";
import { logEnds } from "../../../color/log_scale";
import type { Session } from "../../../session";
import { count, integer, percent, scientific } from "../../../ui/format";
import { Icon } from "../../../ui/icons";
import { ScaleBar } from "../../../ui/scale_bar";
import type { Gradients } from "../state/actions";
import { groupPaths, medianRow, type TreeRow, treeRows } from "../state/layer_tree";
import { MEASURES, type Measure, type OverviewPart } from "../types";
import { HeatMapView, type Rows } from "./heat_map_view";

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

/** All layers at all steps; the network's hierarchy folds, a click goes to a layer and a step. */
export function Overview({ session, gradients }: { session: Session; gradients: Gradients }) {
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
      <OverviewHead session={session} gradients={gradients} shown={shown.value} />
      {part && shown.value ? (
        <div class="nm-overview-body" data-testid="overview-body">
          <RowNames session={session} gradients={gradients} part={part} rows={shown.value.rows} />
          <HeatMapView
            session={session}
            gradients={gradients}
            part={part}
            shown={shown.value}
            pointed={pointed}
          />
        </div>
      ) : (
        <p class="nm-muted nm-overview-words">Reading the layers.</p>
      )}
      <p class="nm-overview-figures" data-testid="overview-figures" aria-live="polite">
        {part && shown.value ? figuresOf(gradients, part, shown.value, pointed.value) : ""}
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

function OverviewHead({
  session,
  gradients,
  shown,
}: {
  session: Session;
  gradients: Gradients;
  shown: Rows | null;
}) {
  const measure = gradients.measure.value;
  const theme = session.theme.value;
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
          onChange={(event) => gradients.actions.measureChosen(event.currentTarget.value as Measure)}
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
          onClick={() => gradients.actions.modulesFolded(isFolded ? [] : groups)}
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

function RowNames({
  gradients,
  part,
  rows,
}: {
  session: Session;
  gradients: Gradients;
  part: OverviewPart;
  rows: TreeRow[];
}) {
  const types = new Map(gradients.layers.value.map(({ name, type }) => [name, type]));
  return (
    <div>
      <p class="nm-map-ticks">step</p>
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
                    ? gradients.actions.layerChosen(layer === gradients.layer.value ? null : layer)
                    : gradients.actions.moduleFolded(row.path)
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
    </div>
  );
}

function figuresOf(
  gradients: Gradients,
  part: OverviewPart,
  { rows, values }: Rows,
  pointed: { row: number; column: number } | null,
): string {
  const row = pointed ? rows[pointed.row] : undefined;
  const thinned = part.stride > 1 ? ` · every ${part.stride}th recorded step is shown` : "";
  if (!pointed || !row || pointed.column >= part.steps.length)
    return `${count(rows.length, "row")} · ${count(part.steps.length, "step")}${part.complete ? "" : ", reading more"}${thinned}`;
  const measure = gradients.measure.value;
  const value = values[pointed.row][pointed.column];
  const words = Number.isNaN(value) ? "unknown" : measure === "dead" ? percent(value) : scientific(value);
  const what = row.isGroup
    ? `${row.path} (median of ${row.layers.length} layers)`
    : part.layers[row.layers[0]];
  return `${what} · step ${integer(part.steps[pointed.column])} · ${MEASURE_TITLES[measure]} ${words}`;
}

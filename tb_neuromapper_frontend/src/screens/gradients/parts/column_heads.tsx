import { type Affine, toPixels } from "../../../render/camera";
import type { Session } from "../../../session";
import { count } from "../../../ui/format";
import type { Column, ColumnLayout } from "../draw/columns";
import { boxOf, type FlowModel } from "../draw/model";
import type { Gradients } from "../state/actions";

const LETTER_PX = 7.8;
const MIN_EDGE_PX = 88;
const MIN_HEAD_PX = 98;

/** The layers' names above their columns, as many as there is room for. */
export function ColumnHeads({
  gradients,
  model,
}: {
  session: Session;
  gradients: Gradients;
  model: FlowModel;
}) {
  const layout = model.layout.value;
  const size = model.size.value;
  const camera = gradients.camera.value;
  const chosen = gradients.layer.value;
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
          onClick={() => gradients.actions.layerChosen(column.name === chosen ? null : column.name)}
          data-testid="column-head"
          data-layer={column.name}
        >
          <HeadName name={column.name || "input"} width={width} />
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
  const isIn = (index: number) => middles[index] > 0 && middles[index] < width;
  const place = (index: number) => {
    // A heading at the edge is as narrow as it must be to stand above its column.
    const room = 2 * Math.min(middles[index], width - middles[index]);
    const own = Math.min(headWidth, Math.max(MIN_EDGE_PX, room));
    return { left: Math.min(Math.max(middles[index] - own / 2, 0), width - own), width: own };
  };
  // Room is kept for the chosen layer, and for the last: where the gradient comes from.
  const kept = [chosenAt, middles.length - 1].filter((index) => index >= 0 && isIn(index));
  layout.columns.forEach((column, index) => {
    const { left, width: own } = place(index);
    const isInTheWay = kept.some((other) => other > index && left + own > place(other).left);
    if (!isIn(index) || left < taken || (isInTheWay && index !== chosenAt)) return;
    found.push({ column, left, width: own });
    taken = left + own;
  });
  return found;
}

/** Two lines: the second holds as many parts of the name's end as fit, the first what is before them. */
function HeadName({ name, width }: { name: string; width: number }) {
  const room = Math.max(4, Math.floor((width - 4) / LETTER_PX));
  const parts = name.split(/(?<=[.])/);
  let cut = name.length - parts[parts.length - 1].length;
  for (const part of parts.slice(0, -1).reverse()) {
    if (name.length - cut + part.length > room) break;
    cut -= part.length;
  }
  return (
    <>
      <span class="nm-head-name">{shortened(name.slice(0, cut), room) || "\u00a0"}</span>
      <span class="nm-head-name">{shortened(name.slice(cut), room)}</span>
    </>
  );
}

/** Of a long name the end tells it from its neighbours. */
function shortened(name: string, room: number): string {
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

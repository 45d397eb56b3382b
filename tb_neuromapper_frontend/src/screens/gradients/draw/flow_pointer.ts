import { apply, type Camera, HOME, panBy, toPixels, zoomAt } from "../../../render/camera";
import type { Session } from "../../../session";
import type { Gradients } from "../state/actions";
import type { FlowHover, UnitRef } from "../state/state";
import type { ColumnLayout } from "./columns";
import { boxOf, type FlowModel, nodeOf } from "./model";
import { pickFlow } from "./picking";

const CLICK_SLACK_PX = 4;
const KEY_ZOOM = 1.25;
const KEY_PAN_PX = 60;

export function refOf(layout: ColumnLayout, node: number): UnitRef {
  return { layer: layout.columns[layout.nodeColumn[node]].name, unit: layout.nodeUnit[node] };
}

interface FlowPointerOptions {
  session: Session;
  gradients: Gradients;
  model: FlowModel;
}

/** Hover, drag, wheel, pinch and keys of the neuron view. Returns what takes them away again. */
export function watchFlowPointer(element: HTMLElement, options: FlowPointerOptions): () => void {
  const { gradients, model } = options;
  const abort = new AbortController();
  const on = <K extends keyof HTMLElementEventMap>(
    type: K,
    listener: (event: HTMLElementEventMap[K]) => void,
    settings: AddEventListenerOptions = {},
  ) => element.addEventListener(type, listener, { ...settings, signal: abort.signal });
  const pointers = new Map<number, { x: number; y: number }>();
  let traveled = 0;

  on("pointerdown", (event) => {
    // The buttons in the plot take their own clicks.
    if (event.button !== 0 || (event.target as Element).closest("button")) return;
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    traveled = 0;
    element.setPointerCapture(event.pointerId);
  });
  on("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) {
      if (event.pointerType !== "touch") gradients.actions.flowHovered(hoverAt(options, element, event));
      return;
    }
    traveled += Math.hypot(event.clientX - before.x, event.clientY - before.y);
    if (traveled > CLICK_SLACK_PX) {
      gradients.actions.flowHovered(null);
      drag(options, element, pointers, event, before);
    }
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  });
  const end = (event: PointerEvent) => {
    const known = pointers.delete(event.pointerId);
    if (!known || event.type !== "pointerup" || traveled > CLICK_SLACK_PX) return;
    const hover = hoverAt(options, element, event);
    chooseHovered(gradients, hover);
    // The tooltip might cover what the click changed; the next move brings it back.
    if (hover?.kind === "unit") gradients.actions.flowHovered(null);
  };
  on("pointerup", end);
  on("pointercancel", end);
  on("pointerleave", () => gradients.actions.flowHovered(null));
  on("blur", () => gradients.actions.flowHovered(null));
  on(
    "wheel",
    (event) => {
      const layout = model.layout.peek();
      if (!layout) return;
      event.preventDefault();
      const box = element.getBoundingClientRect();
      const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1;
      const place = [event.clientX - box.left, event.clientY - box.top] as const;
      const factor = Math.exp(-event.deltaY * unit * 0.0015);
      gradients.actions.flowMoved(zoomAt(gradients.camera.peek(), factor, place, boxOf(layout), box));
    },
    { passive: false },
  );
  on("dblclick", () => gradients.actions.flowFitted());
  on("keydown", (event) => {
    if (!onKey(options, element, event)) return;
    event.preventDefault();
    event.stopPropagation();
  });
  return () => abort.abort();
}

/** A click on a unit follows it; on the rest of a layer, or on all of a large one, it unfolds. */
function chooseHovered(gradients: Gradients, hover: FlowHover | null): void {
  if (hover?.kind === "unit" && hover.ref.unit < 0) gradients.actions.layerUnfolded(hover.ref.layer);
  else if (hover?.kind === "unit") gradients.actions.unitPinned(hover.ref.layer === "" ? null : hover.ref);
  else if (hover === null) gradients.actions.unitPinned(null);
}

function hoverAt(
  { session, gradients, model }: FlowPointerOptions,
  element: HTMLElement,
  event: PointerEvent,
): FlowHover | null {
  const layout = model.layout.peek();
  if (!layout) return null;
  const box = element.getBoundingClientRect();
  const view = toPixels(gradients.camera.peek(), boxOf(layout), box);
  const place = [event.clientX - box.left, event.clientY - box.top] as const;
  const step = session.recordedStep.peek();
  const picked = pickFlow(layout, step === null ? null : model.step(step), view, place);
  const [x, y] = [event.clientX, event.clientY];
  if (!picked) return null;
  if (picked.kind === "node") return { kind: "unit", ref: refOf(layout, picked.node), x, y };
  return { kind: "edge", from: refOf(layout, picked.from), to: refOf(layout, picked.to), x, y };
}

function drag(
  { gradients, model }: FlowPointerOptions,
  element: HTMLElement,
  pointers: ReadonlyMap<number, { x: number; y: number }>,
  event: PointerEvent,
  before: { x: number; y: number },
): void {
  const layout = model.layout.peek();
  if (!layout) return;
  const box = element.getBoundingClientRect();
  const camera = gradients.camera.peek();
  const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
  if (!other) {
    const by = [event.clientX - before.x, event.clientY - before.y] as const;
    gradients.actions.flowMoved(panBy(camera, by, boxOf(layout), box));
    return;
  }
  const was = Math.hypot(before.x - other.x, before.y - other.y);
  const is = Math.hypot(event.clientX - other.x, event.clientY - other.y);
  const middle = [(event.clientX + other.x) / 2 - box.left, (event.clientY + other.y) / 2 - box.top] as const;
  if (was > 0) gradients.actions.flowMoved(zoomAt(camera, is / was, middle, boxOf(layout), box));
}

/** Arrows go from unit to unit, Enter chooses; plus, minus, 0 and shift with arrows move the view. */
function onKey(
  { gradients, model }: FlowPointerOptions,
  element: HTMLElement,
  event: KeyboardEvent,
): boolean {
  const layout = model.layout.peek();
  if (!layout || event.ctrlKey || event.metaKey || event.altKey) return false;
  const size = element.getBoundingClientRect();
  const camera = cameraAfterKey(event, gradients.camera.peek(), layout, size);
  if (camera) {
    gradients.actions.flowMoved(camera);
    return true;
  }
  const hover = gradients.hover.peek();
  if (event.key === "Enter" && hover) {
    chooseHovered(gradients, hover);
    return true;
  }
  if (event.key === "Escape" && (hover || gradients.pinned.peek())) {
    if (hover) gradients.actions.flowHovered(null);
    else gradients.actions.unitPinned(null);
    return true;
  }
  const node = nodeAfterKey(event.key, layout, hover?.kind === "unit" ? nodeOf(model, hover.ref) : -1);
  if (node === null) return false;
  const [x, y] = apply(
    toPixels(gradients.camera.peek(), boxOf(layout), size),
    layout.x[node],
    layout.y[node],
  );
  gradients.actions.flowHovered({
    kind: "unit",
    ref: refOf(layout, node),
    x: size.left + x,
    y: size.top + y,
  });
  return true;
}

function cameraAfterKey(
  event: KeyboardEvent,
  camera: Camera,
  layout: ColumnLayout,
  size: DOMRect,
): Camera | null {
  const middle = [size.width / 2, size.height / 2] as const;
  const box = boxOf(layout);
  if (event.key === "+" || event.key === "=") return zoomAt(camera, KEY_ZOOM, middle, box, size);
  if (event.key === "-") return zoomAt(camera, 1 / KEY_ZOOM, middle, box, size);
  if (event.key === "0") return HOME;
  if (!event.shiftKey) return null;
  const step = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
  return step ? panBy(camera, [step[0] * KEY_PAN_PX, step[1] * KEY_PAN_PX], box, size) : null;
}

/** Up and down in the column, left and right to the nearest unit of the next; from nowhere to the output. */
export function nodeAfterKey(key: string, layout: ColumnLayout, node: number): number | null {
  if (!["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"].includes(key)) return null;
  const { columns } = layout;
  if (node < 0) return columns.length > 0 ? columns[columns.length - 1].first : null;
  const column = columns[layout.nodeColumn[node]];
  if (key === "ArrowUp") return Math.max(column.first, node - 1);
  if (key === "ArrowDown") return Math.min(column.first + column.nNodes - 1, node + 1);
  const next = columns[layout.nodeColumn[node] + (key === "ArrowLeft" ? -1 : 1)];
  if (!next) return node;
  let best = next.first;
  for (let other = next.first; other < next.first + next.nNodes; other++) {
    if (Math.abs(layout.y[other] - layout.y[node]) < Math.abs(layout.y[best] - layout.y[node])) best = other;
  }
  return best;
}

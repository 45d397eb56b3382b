import { type Box, type Camera, HOME, panBy, zoomAt } from "../../../render/camera";
import { modeOf } from "../../../session/selection";
import { blockOf } from "../state/run_pair";
import { type LassoOptions, watchLasso } from "./lasso_tool";
import type { Stage } from "./stage";

const PICK_RADIUS_PX = 10;
const TOUCH_RADIUS_PX = 22;
const CLICK_SLACK_PX = 4;
const KEY_ZOOM = 1.25;
const KEY_PAN_PX = 40;

interface PointerOptions extends LassoOptions {
  stage: Stage;
}

/** Hover, drag, wheel, pinch and keys of one plot. Returns what takes them away again. */
export function watchPointer(element: HTMLElement, options: PointerOptions): () => void {
  const { session, embeddings, stage, block } = options;
  const abort = new AbortController();
  const on = <K extends keyof HTMLElementEventMap>(
    type: K,
    listener: (event: HTMLElementEventMap[K]) => void,
    settings: AddEventListenerOptions = {},
  ) => element.addEventListener(type, listener, { ...settings, signal: abort.signal });
  const camera = () => embeddings.cameras.peek()[blockOf(block)] ?? HOME;
  const move = (next: Camera) => embeddings.actions.cameraMoved(block, next);
  const drag = createDrag(options, element, camera, move);
  const region = watchLasso(element, options, abort.signal);

  on("pointerdown", (event) => {
    drag.start(event);
    region.start(event);
  });
  on("pointermove", (event) => {
    const drawing = region.move(event);
    if (drag.move(event, !drawing) || drawing) embeddings.actions.hovered(null);
    else if (event.pointerType !== "touch") hoverAt(options, event);
  });
  on("pointerup", (event) => {
    if (region.end(event)) {
      drag.end(event);
      return;
    }
    if (!drag.end(event)) return;
    const row = stage.pickAt(block, event.clientX, event.clientY, radiusOf(event));
    const mode = modeOf(event);
    if (mode === "replace") session.actions.pinToggled(row < 0 ? null : row);
    else if (row >= 0) session.actions.rowsSelected([row], mode);
  });
  on("pointercancel", (event) => {
    region.cancel();
    drag.end(event);
  });
  on("pointerleave", (event) => {
    if (event.pointerType !== "touch") embeddings.actions.hovered(null);
  });
  on(
    "wheel",
    (event) => {
      event.preventDefault();
      const box = element.getBoundingClientRect();
      const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1;
      const factor = Math.exp(-event.deltaY * unit * 0.0015);
      const place = [event.clientX - box.left, event.clientY - box.top] as const;
      move(zoomAt(camera(), factor, place, stage.boxOf(block), box));
    },
    { passive: false },
  );
  on("dblclick", () => embeddings.actions.camerasReset(block));
  on("keydown", (event) => {
    if (region.key(event)) return;
    const next = cameraAfterKey(event, camera(), stage.boxOf(block), element.getBoundingClientRect());
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    if (next === HOME) embeddings.actions.camerasReset(block);
    else move(next);
  });
  return () => abort.abort();
}

function radiusOf(event: PointerEvent): number {
  return event.pointerType === "touch" ? TOUCH_RADIUS_PX : PICK_RADIUS_PX;
}

function hoverAt({ embeddings, stage, block }: PointerOptions, event: PointerEvent): void {
  const row = stage.pickAt(block, event.clientX, event.clientY, radiusOf(event));
  embeddings.actions.hovered(row < 0 ? null : { row, block, x: event.clientX, y: event.clientY });
}

function cameraAfterKey(event: KeyboardEvent, camera: Camera, extent: Box, size: DOMRect): Camera | null {
  const middle = [size.width / 2, size.height / 2] as const;
  if (event.key === "+" || event.key === "=") return zoomAt(camera, KEY_ZOOM, middle, extent, size);
  if (event.key === "-") return zoomAt(camera, 1 / KEY_ZOOM, middle, extent, size);
  if (event.key === "0") return HOME;
  if (!event.shiftKey) return null;
  const step = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
  return step ? panBy(camera, [step[0] * KEY_PAN_PX, step[1] * KEY_PAN_PX], extent, size) : null;
}

/** One pointer drags the picture, two pinch it. */
function createDrag(
  { stage, block }: PointerOptions,
  element: HTMLElement,
  camera: () => Camera,
  move: (camera: Camera) => void,
) {
  const pointers = new Map<number, { x: number; y: number }>();
  let traveled = 0;

  const pan = (event: PointerEvent, before: { x: number; y: number }) => {
    const [dx, dy] = [event.clientX - before.x, event.clientY - before.y];
    traveled += Math.hypot(dx, dy);
    if (traveled > CLICK_SLACK_PX)
      move(panBy(camera(), [dx, dy], stage.boxOf(block), element.getBoundingClientRect()));
  };
  const pinch = (event: PointerEvent, before: { x: number; y: number }) => {
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (!other) return;
    const box = element.getBoundingClientRect();
    const was = Math.hypot(before.x - other.x, before.y - other.y);
    const is = Math.hypot(event.clientX - other.x, event.clientY - other.y);
    const middle = [
      (event.clientX + other.x) / 2 - box.left,
      (event.clientY + other.y) / 2 - box.top,
    ] as const;
    if (was > 0) move(zoomAt(camera(), is / was, middle, stage.boxOf(block), box));
  };
  return {
    start(event: PointerEvent) {
      if (event.button !== 0) return;
      pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      traveled = 0;
      element.setPointerCapture(event.pointerId);
    },
    /** Returns whether the picture is being moved; one pointer moves it only if `pans`. */
    move(event: PointerEvent, pans: boolean): boolean {
      const before = pointers.get(event.pointerId);
      if (!before) return false;
      if (pointers.size === 1 && pans) pan(event, before);
      else if (pointers.size > 1) pinch(event, before);
      pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      return traveled > CLICK_SLACK_PX || pointers.size > 1;
    },
    /** Returns whether it was a click. */
    end(event: PointerEvent): boolean {
      const known = pointers.delete(event.pointerId);
      return known && event.type === "pointerup" && traveled <= CLICK_SLACK_PX;
    },
  };
}

import type { Signal } from "@preact/signals";
import { boxBetween, type Point } from "../../../render/scatter/lasso";
import type { Session } from "../../../session";
import { modeOf, type SelectMode } from "../../../session/selection";
import type { LassoDraft } from "../parts/lasso_outline";
import type { Embeddings } from "../state/actions";
import type { Stage } from "./stage";

export interface LassoOptions {
  session: Session;
  embeddings: Embeddings;
  stage: Pick<Stage, "rowsIn">;
  block: string;
  lassoDraft: Signal<LassoDraft | null>;
}

/** A shorter way is a click. */
const SLACK_PX = 4;
/** Corners of a lasso are at least so far apart, which bounds their number. */
const LASSO_STEP_PX = 3;
const KEY_STEP_PX = 12;

/** Draws a lasso or a box with the pointer or the keys, and selects the samples in it. */
export function watchLasso(element: HTMLElement, options: LassoOptions, signal: AbortSignal) {
  const { embeddings, lassoDraft } = options;
  const keys = createKeys(element, options, signal);
  const pointers = new Set<number>();
  let corners: Point[] | null = null;
  let shape: "lasso" | "box" = "lasso";

  const cancel = () => {
    corners = null;
    lassoDraft.value = null;
  };
  const outline = () => (shape === "box" && corners ? boxBetween(corners[0], corners[1]) : (corners ?? []));
  const extend = (place: Point) => {
    if (!corners) return;
    const [x, y] = corners[corners.length - 1];
    if (shape === "box" && corners.length > 1) corners[1] = place;
    else if (corners.length === 1 || Math.hypot(place[0] - x, place[1] - y) >= LASSO_STEP_PX)
      corners.push(place);
  };
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Escape" || !corners) return;
      event.stopPropagation();
      cancel();
    },
    { capture: true, signal },
  );
  return {
    /** Begins if the tool or a modifier says so; a second finger means zooming. */
    start(event: PointerEvent) {
      if (event.button !== 0) return;
      pointers.add(event.pointerId);
      const tool = embeddings.tool.peek();
      if (pointers.size > 1) cancel();
      else if (tool !== "pan" || modeOf(event) !== "replace") {
        shape = tool === "box" ? "box" : "lasso";
        corners = [placeIn(element, event)];
      }
    },
    /** Returns whether a region is being drawn. */
    move(event: PointerEvent): boolean {
      if (!corners || !pointers.has(event.pointerId)) return false;
      const place = placeIn(element, event);
      const [x, y] = corners[0];
      if (corners.length === 1 && Math.hypot(place[0] - x, place[1] - y) <= SLACK_PX) return true;
      extend(place);
      lassoDraft.value = { points: [...outline()], mode: modeOf(event), cursor: null };
      return true;
    },
    /** Selects; returns whether a region was drawn, and not just a point clicked at. */
    end(event: PointerEvent): boolean {
      pointers.delete(event.pointerId);
      const drawn = corners !== null && corners.length > 1;
      if (drawn) select(element, options, outline(), modeOf(event));
      cancel();
      return drawn;
    },
    cancel() {
      pointers.clear();
      cancel();
    },
    key: keys,
  };
}

/** Enter sets a corner, the arrows move the opposite one, Enter selects. Returns whether the key was taken. */
function createKeys(element: HTMLElement, options: LassoOptions, signal: AbortSignal) {
  const { embeddings, lassoDraft } = options;
  let start: Point | null = null;
  const forget = () => {
    start = null;
    if (lassoDraft.peek()?.cursor) lassoDraft.value = null;
  };
  element.addEventListener("blur", forget, { signal });
  const show = (cursor: Point, mode: SelectMode) => {
    lassoDraft.value = { points: boxBetween(start ?? cursor, cursor), mode, cursor };
  };
  const handle = (event: KeyboardEvent): boolean => {
    const cursor = lassoDraft.peek()?.cursor ?? null;
    const arrow = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (arrow && cursor) show(moved(element, cursor, arrow), modeOf(event));
    else if (event.key === "Escape" && cursor) forget();
    else if (event.key === "Enter" && !cursor) {
      start = null;
      show([element.clientWidth / 2, element.clientHeight / 2], modeOf(event));
    } else if (event.key === "Enter" && cursor && !start) start = cursor;
    else if (event.key === "Enter" && cursor && start) {
      select(element, options, boxBetween(start, cursor), modeOf(event));
      forget();
    } else return false;
    return true;
  };
  return (event: KeyboardEvent): boolean => {
    if (embeddings.tool.peek() === "pan" || !handle(event)) return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  };
}

function moved(element: HTMLElement, [x, y]: Point, [dx, dy]: number[]): Point {
  const within = (value: number, size: number) => Math.min(size, Math.max(0, value));
  return [
    within(x + dx * KEY_STEP_PX, element.clientWidth),
    within(y + dy * KEY_STEP_PX, element.clientHeight),
  ];
}

function placeIn(element: HTMLElement, event: PointerEvent): Point {
  const { left, top } = element.getBoundingClientRect();
  return [event.clientX - left, event.clientY - top];
}

function select(
  element: HTMLElement,
  { session, stage, block }: LassoOptions,
  points: readonly Point[],
  mode: SelectMode,
) {
  const { left, top } = element.getBoundingClientRect();
  const polygon = points.map(([x, y]) => [x + left, y + top] as const);
  session.actions.rowsSelected(stage.rowsIn(block, polygon), mode);
}

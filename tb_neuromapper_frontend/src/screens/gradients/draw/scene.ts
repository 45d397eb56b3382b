import { BACKGROUND, type Theme } from "../../../color/palette";
import { fromHex } from "../../../color/space";
import { toClip } from "../../../render/camera";
import type { Color, FlowScene, FlowStep } from "../../../render/flow/scene";
import type { Session } from "../../../session";
import type { Gradients } from "../state/actions";
import { sameUnit } from "../state/state";
import { boxOf, type FlowModel, nodeOf } from "./model";
import type { Sweep } from "./sweep";

/** Units with a ring; each is drawn by itself. */
const MAX_MARKED = 300;
/** Beyond all nodes: the whole picture is the coming step's. */
const NOWHERE = -1e9;
const MUTED: Record<Theme, Color> = { light: fromHex("#8a8d91"), dark: fromHex("#7f858b") };
const INK: Record<Theme, Color> = { light: fromHex("#202124"), dark: fromHex("#e8eaed") };
const ACCENT: Record<Theme, Color> = { light: fromHex("#c25100"), dark: fromHex("#ff9d4d") };

interface Moment {
  /** Motion is unwanted. */
  isStill: boolean;
  palettes: Record<Theme, Uint8Array>;
  /** Steps that may come next. */
  upcoming: readonly FlowStep[];
}

/** The picture at this moment; null while there is nothing to draw. */
export function sceneOf(
  session: Session,
  gradients: Gradients,
  model: FlowModel,
  sweep: Sweep,
  { isStill, palettes, upcoming }: Moment,
): FlowScene | null {
  const layout = model.layout.peek();
  const size = model.size.peek();
  const coming = sweep.coming === null ? null : model.step(sweep.coming);
  if (!layout || !coming || size.height < 1) return null;
  const moving = sweep.active && !isStill;
  const frontWidth = Math.max(1.5, layout.width / 24);
  const way = layout.width + 5 * frontWidth;
  const theme = session.theme.peek();
  const pinned = gradients.pinned.peek();
  const hover = gradients.hover.peek();
  const hovered = hover?.kind === "unit" ? hover.ref : null;
  return {
    size,
    pixelRatio: window.devicePixelRatio || 1,
    places: layout,
    view: toClip(gradients.camera.peek(), boxOf(layout), size),
    going: moving && sweep.going !== null ? model.step(sweep.going) : null,
    coming,
    next: upcoming,
    front: moving ? layout.width + 2 * frontWidth - sweep.progress * way : NOWHERE,
    frontWidth,
    glow: moving ? 1 : 0,
    ahead: moving ? aheadOf(sweep.progress, gradients.passS.peek()) : 1,
    // Whole seconds a pass, so that the dashes end where they began.
    timeS: moving ? sweep.progress * Math.ceil(gradients.passS.peek()) : 0,
    palette: palettes[theme],
    ground: fromHex(BACKGROUND[theme]),
    muted: MUTED[theme],
    accent: ACCENT[theme],
    focus: nodeOf(model, hovered ?? pinned),
    rings: [
      ...gradients.marked
        .peek()
        .slice(0, MAX_MARKED)
        .map((ref) => ({ node: nodeOf(model, ref), color: INK[theme] })),
      { node: nodeOf(model, pinned), color: ACCENT[theme] },
      { node: sameUnit(hovered, pinned) ? -1 : nodeOf(model, hovered), color: INK[theme] },
    ].filter(({ node }) => node >= 0),
  };
}

/** What the front has not reached recedes, less so in a fast pass, which would flicker. */
function aheadOf(progress: number, passS: number): number {
  const depth = 0.7 * Math.min(1, passS / 2);
  return 1 - depth * Math.min(1, progress / 0.08);
}

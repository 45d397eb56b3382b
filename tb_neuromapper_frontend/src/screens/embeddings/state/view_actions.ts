import { batch } from "@preact/signals";
import { type Camera, HOME } from "../../../render/camera";
import { NO_ROWS } from "../../../session/selection";
import type { SessionState } from "../../../session/state";
import type { Appearance } from "./appearance";
import { type ColorBy, isColumn } from "./color_by";
import { blockOf } from "./run_pair";
import type { EmbeddingsState, Hover } from "./state";
import type { Tool } from "./tool";

const TURNS = 12;

export function viewActions(session: SessionState, state: EmbeddingsState) {
  return {
    ...sampleActions(session, state),
    ...cameraActions(state),
    ...panelActions(state),
    ...toolActions(session, state),
  };
}

function sampleActions(session: SessionState, state: EmbeddingsState) {
  return {
    hovered(hover: Hover | null) {
      if (hover === null && state.hover.peek() === null) return;
      state.hover.value = hover;
    },
    /** How points, contours and regions look. */
    appearanceChanged(change: Partial<Appearance>) {
      state.appearance.value = { ...state.appearance.peek(), ...change };
    },
    colorChosen(colorBy: ColorBy) {
      batch(() => {
        const before = state.colorBy.peek();
        // A column of the metadata has classes of its own, so what is hidden means nothing there.
        const sameClasses = !isColumn(before) && !isColumn(colorBy);
        if (before !== colorBy && !sameClasses) session.hiddenClasses.value = new Set();
        state.colorBy.value = colorBy;
      });
    },
  };
}

function cameraActions(state: EmbeddingsState) {
  // Two runs' views of a block move together: they are one space.
  const cameraOf = (view: string) => state.cameras.peek()[blockOf(view)] ?? HOME;
  const set = (view: string, camera: Camera) => {
    const blocks = state.linked.peek() ? state.blocks.peek() : [blockOf(view)];
    const moved = Object.fromEntries(blocks.map((name) => [name, camera]));
    state.cameras.value = { ...state.cameras.peek(), ...moved };
  };
  return {
    cameraMoved: set,
    /** By 30 degrees, counter-clockwise. */
    viewRotated(block: string) {
      const camera = cameraOf(block);
      set(block, { ...camera, rotation: (camera.rotation + 360 / TURNS) % 360 });
    },
    viewMirrored(block: string) {
      const camera = cameraOf(block);
      set(block, { ...camera, mirrored: !camera.mirrored });
    },
    camerasReset(block?: string) {
      if (block === undefined || state.linked.peek()) state.cameras.value = {};
      else {
        const { [blockOf(block)]: _, ...others } = state.cameras.peek();
        state.cameras.value = others;
      }
    },
    linkToggled() {
      state.linked.value = !state.linked.peek();
    },
  };
}

function panelActions(state: EmbeddingsState) {
  const choose = (views: readonly string[]) => {
    const all = state.blocks.peek();
    const same = views.length === all.length && views.every((block, index) => block === all[index]);
    state.chosenBlocks.value = same ? null : views;
  };
  return {
    /** A block gets a view, at its place in the network, or loses it; the last one stays. */
    viewToggled(block: string) {
      const views = state.views.peek();
      if (!views.includes(block)) {
        const order = state.blocks.peek();
        const place = views.findIndex((other) => order.indexOf(other) > order.indexOf(block));
        choose(place < 0 ? [...views, block] : views.toSpliced(place, 0, block));
      } else if (views.length > 1) choose(views.filter((other) => other !== block));
    },
    /** Swaps a view with its neighbour; `by` is -1 or 1. */
    viewMoved(block: string, by: number) {
      const views = state.views.peek();
      const from = views.indexOf(block);
      const to = from + by;
      if (from < 0 || to < 0 || to >= views.length) return;
      choose(views.with(from, views[to]).with(to, block));
    },
    allViews() {
      state.chosenBlocks.value = null;
    },
    enlargeToggled(view: string) {
      const block = blockOf(view);
      state.enlarged.value = state.enlarged.peek() === block ? null : block;
    },
  };
}

function toolActions(session: SessionState, state: EmbeddingsState) {
  return {
    /** Again: back to panning. */
    toolChosen(tool: Tool) {
      state.tool.value = tool === state.tool.peek() ? "pan" : tool;
    },
    /** First back to panning, then to all views, then to no selection. */
    escaped() {
      if (state.tool.peek() !== "pan") state.tool.value = "pan";
      else if (state.enlarged.peek() !== null) state.enlarged.value = null;
      else {
        session.selected.value = NO_ROWS;
        session.isolated.value = false;
      }
    },
    /** The pointer or the focus came into a block's view, or left it. */
    viewPointed(block: string | null) {
      state.pointed.value = block;
    },
    fadingToggled() {
      state.fading.value = !state.fading.peek();
    },
    drawingImpossible() {
      state.canDraw.value = false;
    },
    /** A frame was drawn; the views rest at the current epoch, or are on their way. */
    settledChanged(settled: boolean) {
      state.resting.value = settled ? { epoch: session.epoch.peek() } : null;
    },
  };
}

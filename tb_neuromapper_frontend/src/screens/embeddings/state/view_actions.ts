import { batch } from "@preact/signals";
import { type Camera, HOME } from "../../../render/camera";
import { settleLink } from "../../../session/link";
import { NO_ROWS } from "../../../session/selection";
import type { Hover, State } from "../../../session/state";
import type { UrlState } from "../../../session/url";
import { forgetGradients } from "../../gradients/state/actions";
import { openGradientsUrl } from "../../gradients/state/url";
import { SCREENS, type Screen } from "../../registry";
import { forgetFindings, scalarsOpened } from "../../scalars/state/actions";
import { DEFAULT_LOOK, type Look } from "./appearance";
import { type ColorBy, DEFAULT_SPEED, isMetadata, needsOutcomes } from "./color_by";
import { followSteps } from "./layout_actions";
import { blockOf } from "./run_pair";
import { ALL_SAMPLES } from "./sampling";

const TURNS = 12;

export function viewActions(state: State) {
  return {
    ...sampleActions(state),
    ...cameraActions(state),
    ...panelActions(state),
    ...screenActions(state),
    ...urlActions(state),
  };
}

function sampleActions(state: State) {
  return {
    hovered(hover: Hover | null) {
      if (hover === null && state.hover.peek() === null) return;
      state.hover.value = hover;
    },
    /** The sample stays marked; again, or null: no sample is. */
    pinToggled(row: number | null) {
      state.pinned.value = row === state.pinned.peek() ? null : row;
    },
    /** How points, contours and regions look. */
    looked(change: Partial<Look>) {
      state.look.value = { ...state.look.peek(), ...change };
    },
    colorChosen(colorBy: ColorBy) {
      batch(() => {
        const before = state.colorBy.peek();
        // A column of the metadata has classes of its own, so what is hidden means nothing there.
        const sameClasses = !isMetadata(before) && !isMetadata(colorBy);
        if (before !== colorBy && !sameClasses) state.hiddenClasses.value = new Set();
        state.colorBy.value = colorBy;
      });
    },
  };
}

function cameraActions(state: State) {
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

function screenActions(state: State) {
  return {
    screenChosen(screen: Screen) {
      batch(() => {
        state.screen.value = screen;
        state.playing.value = false;
        state.hover.value = null;
      });
    },
  };
}

function panelActions(state: State) {
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

function urlActions(state: State) {
  return {
    /** The state that a link carries. What it does not name is at its default; `unused` are keys without a sense. */
    urlOpened(url: UrlState, unused: readonly string[] = []) {
      batch(() => {
        if ((url.beside ?? null) !== state.beside.peek()) {
          state.other.value = null;
          state.otherOutcomes.value = null;
          state.projections.value = [];
          state.successors.value = {};
        }
        if (url.run !== undefined && url.run !== state.runName.peek()) {
          state.wantedRun.value = url.run;
          if (state.runs.peek()) state.runName.value = null;
          state.run.value = null;
          state.samples.value = null;
          forgetGradients(state);
          forgetFindings(state);
          state.projections.value = [];
          state.successors.value = {};
        }
        // An exported page holds the embeddings alone.
        state.screen.value = (state.runs.peek()?.exported ? undefined : url.screen) ?? SCREENS[0];
        scalarsOpened(state, url);
        state.beside.value = url.beside ?? null;
        state.step.value = url.step ?? null;
        state.trainStep.value = url.train ?? null;
        openGradientsUrl(state.gradients, url.gradients ?? {});
        state.follow.value = url.step === undefined && url.train === undefined;
        state.hiddenClasses.value = new Set(url.hidden ?? []);
        state.speed.value = url.speed ?? DEFAULT_SPEED;
        state.loop.value = url.loop ?? false;
        state.colorBy.value =
          url.beside && needsOutcomes(url.color ?? "label") ? "label" : (url.color ?? "label");
        state.fading.value = url.fade ?? false;
        state.look.value = url.look ?? DEFAULT_LOOK;
        state.chosenBlocks.value = url.views ?? null;
        state.enlarged.value = url.large ?? null;
        state.pinned.value = url.pin ?? null;
        state.selected.value = url.selected ?? NO_ROWS;
        state.isolated.value = url.isolated ?? false;
        state.linked.value = url.linked ?? false;
        state.cameras.value = url.cameras ?? {};
        state.settings.value = url.layout ?? {};
        state.sampling.value = url.sampling ?? ALL_SAMPLES;
        state.failure.value = "";
        state.unusedOfLink.value = unused;
        settleLink(state);
        followSteps(state);
      });
    },
  };
}

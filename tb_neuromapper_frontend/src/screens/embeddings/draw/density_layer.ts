import { computed, type ReadonlySignal } from "@preact/signals";
import { classMark, type Theme } from "../../../color/palette";
import { fromHex, toByte } from "../../../color/space";
import { contourLines, SHARES_OF_ALL, SHARES_OF_CLASS } from "../../../density/contours";
import { type Groups, groupsByClass, oneGroup } from "../../../density/groups";
import { decisionRegions } from "../../../density/regions";
import type { DensityImage, Layer, Lines, Panel, Slice } from "../../../render/scatter/scene";
import type { Session } from "../../../session";
import type { Embeddings } from "../state/actions";
import type { Coloring } from "../state/colors";
import { whyNoRegions } from "../state/decision_regions";
import { createGradual, type Gradual, type Wish } from "../state/incremental";
import { isSecond } from "../state/run_pair";
import type { Projection } from "../types";

/** What lies in the plane beneath and above the points: decision regions and contours. */
export interface DensityLayer {
  /** What is known of it for a view's slices; the rest is made in `work`. `own`: the slice of the epoch on view. */
  layersOf(view: DensityView, nowS: number): Pick<Panel, "images" | "lines">;
  /** Goes on with what is missing for at most a few milliseconds. */
  work(nowS: number): void;
  /** Something is missing or still fading in. */
  isActive(nowS: number): boolean;
  /** Reads every signal that the layers depend on. */
  watch(): void;
}

export interface DensityView extends Pick<Panel, "from" | "to" | "mix"> {
  projection: Projection;
  own: Slice | undefined;
}

/** So much of a frame may be spent on it. */
const BUDGET_MS = 6;
const FADE_S = 0.2;
/** More classes than that have no lines of their own. */
export const MAX_CONTOUR_CLASSES = 50;

interface ContourWish extends Wish {
  groups: Groups;
  byClass: boolean;
  theme: Theme;
}

interface DecisionRegionWish extends Wish {
  shown: Uint8Array;
  theme: Theme;
  /** Null: not known yet, or not logged at this epoch. */
  predicted: Int32Array | null;
}

const INK: Record<Theme, string> = { light: "#5f6368", dark: "#a5abb1" };

interface DensityLayerOptions {
  session: Session;
  embeddings: Embeddings;
  /** Which rows are shown: 0 or not. */
  shown: ReadonlySignal<Uint8Array>;
  coloring: ReadonlySignal<Coloring>;
  /** Milliseconds. */
  clock: () => number;
  /** Whether motion is unwanted. */
  jump: () => boolean;
}

export function createDensityLayer({
  session,
  embeddings,
  shown,
  coloring,
  clock,
  jump,
}: DensityLayerOptions): DensityLayer {
  const lines = createGradual<Slice, Lines>();
  const images = createGradual<Slice, DensityImage>();
  const contourWish = contourWishOf(session, embeddings, shown, coloring);
  const decisionRegionWishes = [false, true].map((second) =>
    decisionRegionWishOf(session, embeddings, shown, coloring, second),
  );
  let fadedS = 0;
  let hasCome = false;

  const wantLines = (slice: Slice, { groups, byClass, theme, ...wish }: ContourWish) => {
    const options = byClass
      ? { shares: SHARES_OF_CLASS, color: (index: number) => classRgb(index, theme) }
      : { shares: SHARES_OF_ALL, color: () => rgbOf(INK[theme]) };
    lines.want(slice, wish, () => contourLines(slice, groups, options));
  };
  const wantImage = (slice: Slice, { shown, predicted, theme, ...wish }: DecisionRegionWish) => {
    const color = (index: number) => classRgb(index, theme);
    if (predicted) images.want(slice, wish, () => decisionRegions(slice, shown, predicted, color));
  };
  const layers = <T>(known: Gradual<Slice, T>, wish: Wish, view: DensityView, nowS: number): Layer<T>[] => {
    const shares = view.from === view.to ? [[view.to, 1] as const] : sharesOf(view);
    return shares.flatMap(([slice, share]) => {
      const found = known.known(slice, wish);
      if (!found || share === 0) return [];
      if (!jump()) fadedS = Math.max(fadedS, found.sinceS + FADE_S);
      const fade = jump() ? 1 : Math.min(1, Math.max(0, (nowS - found.sinceS) / FADE_S));
      return [{ content: found.value, opacity: share * fade }];
    });
  };
  return {
    layersOf(view, nowS) {
      const contours = contourWish.peek();
      const regions = decisionRegionWishes[isSecond(view.projection.block) ? 1 : 0].peek();
      // A run that lacks the epoch on view shows a mixture of the epochs around it.
      const slices = view.own ? new Set([view.own, view.to]) : [view.to, view.from];
      if (contours) for (const slice of slices) wantLines(slice, contours);
      else lines.clear();
      if (regions && view.own) wantImage(view.own, regions);
      else if (!regions) images.clear();
      return {
        lines: contours ? layers(lines, contours, view, nowS) : [],
        images: regions ? layers(images, regions, view, nowS) : [],
      };
    },
    work(nowS) {
      const endMs = clock() + BUDGET_MS;
      const isOver = () => clock() >= endMs;
      const came = [images.work(isOver, nowS), lines.work(isOver, nowS)];
      hasCome = came.includes(true);
    },
    isActive: (nowS) => hasCome || images.isPending || lines.isPending || nowS < fadedS,
    watch() {
      contourWish.value;
      for (const wish of decisionRegionWishes) wish.value;
    },
  };
}

/** How strongly the slices of a moving picture are drawn: one fades into the other. */
function sharesOf({ from, to, mix }: DensityView): (readonly [Slice, number])[] {
  return [
    [from, 1 - mix],
    [to, mix],
  ];
}

function contourWishOf(
  session: Session,
  embeddings: Embeddings,
  shown: ReadonlySignal<Uint8Array>,
  coloring: ReadonlySignal<Coloring>,
) {
  const mode = computed(() => embeddings.appearance.value.contours);
  const classes = computed(() => (mode.value === "class" ? coloring.value.classes : null));
  return computed<ContourWish | null>(() => {
    if (mode.value === "off") return null;
    const theme = session.theme.value;
    const groups = classes.value
      ? groupsByClass(shown.value, classes.value, MAX_CONTOUR_CLASSES)
      : oneGroup(shown.value);
    const generation = [shown.value, classes.value, theme];
    return { groups, byClass: classes.value !== null, theme, generation };
  });
}

function decisionRegionWishOf(
  session: Session,
  embeddings: Embeddings,
  shown: ReadonlySignal<Uint8Array>,
  coloring: ReadonlySignal<Coloring>,
  second: boolean,
) {
  const isOn = computed(
    () => embeddings.appearance.value.regions && whyNoRegions(session, embeddings, coloring.value) === "",
  );
  const predicted = computed(() => {
    const outcomes = second ? embeddings.comparedOutcomes.value : embeddings.outcomes.value;
    const isNow = outcomes?.step === session.epoch.value && outcomes?.predicted instanceof Int32Array;
    return isNow ? (outcomes.predicted as Int32Array) : null;
  });
  return computed<DecisionRegionWish | null>(() => {
    if (!isOn.value) return null;
    const theme = session.theme.value;
    const wish = { shown: shown.value, theme, predicted: predicted.value };
    return { ...wish, generation: [shown.value, theme], detail: predicted.value };
  });
}

function classRgb(index: number, theme: Theme): [number, number, number] {
  return rgbOf(classMark(index, theme).color);
}

function rgbOf(hex: string): [number, number, number] {
  const [red, green, blue] = fromHex(hex).map(toByte);
  return [red, green, blue];
}

import { BACKGROUND, classMark, correctMark, rampColor } from "../../../color/palette";
import { HOME, toPixels } from "../../../render/camera";
import { type Figure, type Legend, type Plot, TITLE_PX } from "../../../save/figure";
import type { Session } from "../../../session";
import { scaleEnd } from "../../../ui/format";
import { contourText, decisionRegionText, hasClassColors } from "../parts/density_text";
import type { Embeddings } from "../state/actions";
import type { Coloring } from "../state/colors";
import { blockOf, nameOf } from "../state/run_pair";
import type { DrawnFrame } from "./stage";

const COLORS = {
  light: { ink: "#202124", muted: "#5f6368", hairline: "#e3e5e8" },
  dark: { ink: "#e8eaed", muted: "#a5abb1", hairline: "#3a3d41" },
};
const RAMP_STOPS = 9;

/** The words and frames around the points that have just been drawn. */
export function figureOf(
  session: Session,
  embeddings: Embeddings,
  coloring: Coloring,
  { rects, size }: DrawnFrame,
): Figure {
  const theme = session.theme.peek();
  const plots: Plot[] = [];
  for (const block of embeddings.panels.peek()) {
    const rect = rects.get(block);
    if (!rect || rect.y + rect.height < 0 || rect.y > size.height) continue;
    plots.push({
      rect,
      name: nameOf(embeddings.names.peek(), block),
      axes: axesOf(embeddings, block),
    });
  }
  return {
    title: titleOf(session),
    colors: { ground: BACKGROUND[theme], ...COLORS[theme] },
    size,
    plots,
    legend: legendOf(session, embeddings, coloring),
  };
}

export function titleOf(session: Session): string {
  const run = session.runName.peek() ?? "";
  return `${run === "." ? "" : `${run} · `}epoch ${session.epoch.peek() ?? "–"}`;
}

/** Two perpendicular directions as the camera turns and mirrors them. */
function axesOf(embeddings: Embeddings, block: string): [number, number][] {
  const camera = { ...(embeddings.cameras.peek()[blockOf(block)] ?? HOME), zoom: 1 };
  const { a, b, c, d } = toPixels(camera, [0, 0, 1, 1], { width: 1, height: 1 });
  return [
    [a / Math.hypot(a, b), b / Math.hypot(a, b)],
    [c / Math.hypot(c, d), d / Math.hypot(c, d)],
  ];
}

function legendOf(session: Session, embeddings: Embeddings, coloring: Coloring): Legend {
  const theme = session.theme.peek();
  const { kind, title, range, unit, clipped, pending } = coloring;
  const notes = [contourText(embeddings, coloring), decisionRegionText(session, embeddings, coloring)].filter(
    Boolean,
  );
  const items = hasClassColors(session, embeddings, coloring) ? classItems(session, coloring) : [];
  if (kind === "ramp" && pending)
    return { title: `${title}: not known for this epoch`, items, ramp: null, notes };
  if (kind === "ramp") {
    const colors = Array.from({ length: RAMP_STOPS }, (_, i) => rampColor(i / (RAMP_STOPS - 1), theme));
    const high = `${scaleEnd(range[1], unit)}${clipped ? " and more" : ""}`;
    return { title, items, ramp: { colors, low: scaleEnd(range[0], unit), high }, notes };
  }
  if (kind === "correct") {
    const item = (correct: boolean) => ({
      mark: correctMark(correct, theme),
      text: correct ? "right" : "wrong",
    });
    return { title: "prediction", items: [item(true), item(false), ...items], ramp: null, notes };
  }
  return { title, items, ramp: null, notes };
}

function classItems(session: Session, { classes, classNames, nClasses }: Coloring): Legend["items"] {
  const hidden = session.hiddenClasses.peek();
  return Array.from({ length: classes ? nClasses : 0 }, (_, index) => index)
    .filter((index) => !hidden.has(index))
    .map((index) => ({
      mark: classMark(index, session.theme.peek()),
      text: classNames?.[index] ?? String(index),
    }));
}

/** One frame of the animation: as the figure, without its legend; the canvas has even sides, as videos need. */
export function paintFrame(
  canvas: HTMLCanvasElement,
  session: Session,
  embeddings: Embeddings,
  drawn: DrawnFrame,
): void {
  const { ground, ink, hairline } = {
    ground: BACKGROUND[session.theme.peek()],
    ...COLORS[session.theme.peek()],
  };
  const scale = drawn.canvas.width / Math.max(1, drawn.size.width);
  const even = (pixels: number) => 2 * Math.ceil((pixels * scale) / 2);
  const [width, height] = [even(drawn.size.width), even(drawn.size.height + TITLE_PX)];
  // Setting a side, even to the same, empties the canvas.
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d");
  if (!context) return;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.fillStyle = ground;
  context.fillRect(0, 0, width, height);
  context.drawImage(drawn.canvas, 0, Math.round(TITLE_PX * scale));
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.font = "600 13px system-ui, sans-serif";
  context.strokeStyle = hairline;
  context.fillStyle = ink;
  context.fillText(titleOf(session), 10, 20);
  for (const block of embeddings.panels.peek()) {
    const rect = drawn.rects.get(block);
    if (!rect) continue;
    context.strokeRect(rect.x + 0.5, TITLE_PX + rect.y + 0.5, rect.width - 1, rect.height - 1);
    context.fillText(nameOf(embeddings.names.peek(), block), rect.x + 10, TITLE_PX + rect.y - 9);
  }
}

import type { Mark } from "../color/palette";
import { SHAPE_PATHS } from "../ui/swatch";

export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** A picture for a paper or a slide: words and frames to be drawn around an image of the points, in CSS pixels. */
export interface Figure {
  title: string;
  colors: { ground: string; ink: string; muted: string; hairline: string };
  /** Of the image of the points. */
  size: { width: number; height: number };
  plots: Plot[];
  legend: Legend;
}

export interface Plot {
  rect: Rect;
  name: string;
  /** Where the layout's first and second axis point to on the screen, unit vectors. */
  axes: readonly (readonly [number, number])[];
}

export interface Legend {
  title: string;
  items: { mark: Mark; text: string }[];
  /** A scale for numbers, or null. */
  ramp: { colors: string[]; low: string; high: string } | null;
  /** Sentences about what else is drawn. */
  notes: string[];
}

export const TITLE_PX = 30;
const LEGEND_PX = 180;
const LINE_PX = 18;
const AXIS_PX = 22;
const MAX_ITEMS = 60;
/** Letters of a note that fit the legend's width. */
const NOTE_LETTERS = 25;

export function figureSize({ size, legend }: Figure): { width: number; height: number } {
  const nLines = Math.min(MAX_ITEMS, legend.items.length) + noteLines(legend).length + (legend.ramp ? 6 : 3);
  return {
    width: Math.ceil(size.width) + LEGEND_PX,
    height: Math.ceil(Math.max(size.height + TITLE_PX, TITLE_PX + nLines * LINE_PX)),
  };
}

/** The figure as SVG; `image` is the points' picture as a data: URL. */
export function toSvg(figure: Figure, image: string): string {
  const { colors, size, plots, title } = figure;
  const { width, height } = figureSize(figure);
  const parts = [
    `<rect width="${width}" height="${height}" fill="${colors.ground}"/>`,
    text(10, 20, title, colors.ink, 'font-weight="600"'),
    `<g transform="translate(0 ${TITLE_PX})">`,
    `<image width="${size.width}" height="${size.height}" href="${image}" xlink:href="${image}"/>`,
    ...plots.map((plot) => plotParts(plot, colors)),
    "</g>",
    legendParts(figure, size.width + 14),
  ];
  const names = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"';
  const box = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  const font = 'font-family="system-ui, sans-serif" font-size="13"';
  return `<svg ${names} ${box} ${font}>\n${parts.join("\n")}\n</svg>\n`;
}

function plotParts({ rect, name, axes }: Plot, colors: Figure["colors"]): string {
  const { x, y, width, height } = rect;
  const frame = `<rect x="${x + 0.5}" y="${y + 0.5}" width="${width - 1}" height="${height - 1}" fill="none" stroke="${colors.hairline}"/>`;
  const [left, bottom] = [x + 38, y + height - 38];
  const arrows = axes.map(([dx, dy], index) => {
    const line = `<path d="M${left} ${bottom}l${round(dx * AXIS_PX)} ${round(dy * AXIS_PX)}" stroke="${colors.muted}"/>`;
    const label = 'font-size="10" text-anchor="middle"';
    const [tx, ty] = [left + dx * (AXIS_PX + 8), bottom + dy * (AXIS_PX + 8) + 3];
    return line + text(tx, ty, String(index + 1), colors.muted, label);
  });
  return [text(x + 10, y - 9, name, colors.ink, 'font-weight="600"'), frame, ...arrows].join("\n");
}

function legendParts({ legend, colors }: Figure, x: number): string {
  const lines: string[] = [text(x, 20, legend.title, colors.muted)];
  let y = TITLE_PX + 12;
  if (legend.ramp) {
    lines.push(...rampParts(legend.ramp, colors, x, y));
    y += 2.5 * LINE_PX;
  }
  for (const { mark, text: words } of legend.items.slice(0, MAX_ITEMS)) {
    lines.push(
      `<path transform="translate(${x} ${y - 11})" d="${SHAPE_PATHS[mark.shape]}" fill="${mark.color}"/>`,
      text(x + 18, y, words, colors.ink),
    );
    y += LINE_PX;
  }
  const more = legend.items.length - MAX_ITEMS;
  const rest = [...(more > 0 ? [`and ${more} more`] : []), ...noteLines(legend)];
  return [...lines, ...rest.map((line, i) => text(x, y + i * LINE_PX, line, colors.muted))].join("\n");
}

function rampParts(
  ramp: NonNullable<Legend["ramp"]>,
  colors: Figure["colors"],
  x: number,
  y: number,
): string[] {
  const stops = ramp.colors.map(
    (color, i, all) => `<stop offset="${round(i / Math.max(1, all.length - 1))}" stop-color="${color}"/>`,
  );
  return [
    `<linearGradient id="ramp">${stops.join("")}</linearGradient>`,
    `<rect x="${x}" y="${y - 10}" width="150" height="10" fill="url(#ramp)"/>`,
    text(x, y + 16, ramp.low, colors.muted),
    text(x + 150, y + 16, ramp.high, colors.muted, 'text-anchor="end"'),
  ];
}

function noteLines({ notes }: Legend): string[] {
  return notes.flatMap((note) => {
    const lines: string[] = [];
    for (const word of note.split(" ")) {
      const last = lines.at(-1);
      if (last !== undefined && last.length + word.length < NOTE_LETTERS)
        lines[lines.length - 1] += ` ${word}`;
      else lines.push(word);
    }
    return lines;
  });
}

function text(x: number, y: number, words: string, color: string, more = ""): string {
  return `<text x="${round(x)}" y="${round(y)}" fill="${color}" ${more}>${escapeXml(words)}</text>`;
}

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Characters that XML does not know at all are left out. */
export function escapeXml(words: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML forbids
  const known = words.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "");
  return known.replace(/[&<>"]/g, (letter) => ENTITIES[letter]);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

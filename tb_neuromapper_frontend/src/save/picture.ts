import { type Figure, figureSize, toSvg } from "./figure";

/** A copy of the canvas, which keeps its picture only until the browser shows it. */
export function copyOf(canvas: HTMLCanvasElement): HTMLCanvasElement {
  const copy = document.createElement("canvas");
  copy.width = canvas.width;
  copy.height = canvas.height;
  copy.getContext("2d")?.drawImage(canvas, 0, 0);
  return copy;
}

export function svgBlob(figure: Figure, points: HTMLCanvasElement): Blob {
  return new Blob([toSvg(figure, points.toDataURL("image/png"))], { type: "image/svg+xml" });
}

/** The same figure in pixels, as fine as the points are. @throws Error in words. */
export async function pngBlob(figure: Figure, points: HTMLCanvasElement): Promise<Blob> {
  const { width, height } = figureSize(figure);
  const scale = points.width / Math.max(1, figure.size.width);
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d");
  const url = URL.createObjectURL(svgBlob(figure, points));
  try {
    const image = new Image(width, height);
    image.src = url;
    await image.decode();
    context?.drawImage(image, 0, 0, canvas.width, canvas.height);
  } catch {
    throw new Error("This browser could not draw the picture; save it as SVG instead.");
  } finally {
    URL.revokeObjectURL(url);
  }
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
  if (!blob) throw new Error("The picture is too large for this browser; save it as SVG instead.");
  return blob;
}

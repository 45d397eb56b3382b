/** The same for both renderers: positions of some blocks at some steps, and a class for each point. */
export interface Cloud {
  /** By block and step: x and y in turns, as shares of 65535. */
  positions: Uint16Array[][];
  labels: Uint8Array;
}

/** Reads what page_speed.py wrote: all positions, then all labels. */
export async function readCloud(url: string, nBlocks: number, nSteps: number, n: number): Promise<Cloud> {
  const bytes = await (await fetch(url)).arrayBuffer();
  const slice = (index: number) => new Uint16Array(bytes.slice(index * n * 4, (index + 1) * n * 4));
  const positions = Array.from({ length: nBlocks }, (_, block) =>
    Array.from({ length: nSteps }, (_, step) => slice(block * nSteps + step)),
  );
  return { positions, labels: new Uint8Array(bytes.slice(nBlocks * nSteps * n * 4)) };
}

export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** One view fills the room, four share it. */
export function rectsFor(nBlocks: number, room: HTMLElement): Rect[] {
  const columns = nBlocks === 1 ? 1 : 2;
  const width = room.clientWidth / columns;
  const height = room.clientHeight / Math.ceil(nBlocks / columns);
  return Array.from({ length: nBlocks }, (_, index) => ({
    x: (index % columns) * width,
    y: Math.floor(index / columns) * height,
    width,
    height,
  }));
}

/** A renderer with its views. */
export interface Subject {
  /** Makes the views and draws the first step. */
  first(): void;
  /** Draws another step. */
  show(step: number): void;
  /** Draws a picture between two steps. */
  between(from: number, to: number, mix: number): void;
  /** Draws with another camera; `phase` goes from 0 to 1. */
  move(phase: number): void;
  /** Finds the point under the pointer in the first view and marks it; answers its row or -1. */
  hover(x: number, y: number): number;
  /** Waits until the GPU has drawn. */
  finish(): void;
}

/** Reading a pixel ends only when all is drawn. */
export function awaitPixels(gl: WebGLRenderingContext | WebGL2RenderingContext): void {
  gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
}

import type { Size } from "./camera";

/** What is made in a context; each holds GPU memory. */
type Passes<Names> = { [Name in keyof Names]: { dispose(): void } };

/** A canvas's WebGL2 context and the passes that draw in it. */
export interface RenderContext<P> {
  readonly gl: WebGL2RenderingContext;
  /** Null while the context is lost: nothing can be drawn then. */
  readonly passes: P | null;
  dispose(): void;
}

/**
 * Opens a canvas's context. When the browser takes the context away, the passes are gone with it; when the context is back,
 * they are made anew.
 *
 * @param onChange called when the context is lost, and when it is back, so that the caller draws again.
 * @returns null if the browser has no WebGL2.
 */
export function createRenderContext<P extends Passes<P>>(
  canvas: HTMLCanvasElement,
  createPasses: (gl: WebGL2RenderingContext) => P,
  onChange: (isLost: boolean) => void,
): RenderContext<P> | null {
  const gl = canvas.getContext("webgl2", { antialias: false, depth: false, premultipliedAlpha: true });
  if (!gl) return null;
  let passes: P | null = createPasses(gl);
  const lost = (event: Event) => {
    // Otherwise the browser does not bring it back.
    event.preventDefault();
    passes = null;
    onChange(true);
  };
  const restored = () => {
    passes = createPasses(gl);
    onChange(false);
  };
  canvas.addEventListener("webglcontextlost", lost);
  canvas.addEventListener("webglcontextrestored", restored);
  return {
    gl,
    get passes() {
      return gl.isContextLost() ? null : passes;
    },
    dispose() {
      canvas.removeEventListener("webglcontextlost", lost);
      canvas.removeEventListener("webglcontextrestored", restored);
      for (const pass of Object.values<{ dispose(): void }>(passes ?? {})) pass.dispose();
      passes = null;
      // Browsers allow only some contexts at a time; this one's canvas leaves the page.
      gl.getExtension("WEBGL_lose_context")?.loseContext();
    },
  };
}

/** Gives the canvas this size, in CSS pixels; setting it again would clear the canvas. */
export function resizeCanvas(canvas: HTMLCanvasElement, size: Size, pixelRatio: number): void {
  const width = Math.max(1, Math.round(size.width * pixelRatio));
  const height = Math.max(1, Math.round(size.height * pixelRatio));
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}

import { createRenderContext, resizeCanvas } from "../context";
import { type Lazy, lazily } from "../lazily";
import { createFrameResources, type FrameResources } from "./frame_resources";
import { createImagePass, type ImagePass } from "./image_pass";
import { createLinePass, type LinePass } from "./line_pass";
import { createPointsPass, type PointsPass } from "./points_pass";
import { createRingPass, type RingPass } from "./ring_pass";
import { Level, type Panel, type Scene, type Slice } from "./scene";
import { createSliceBuffers, type SliceBuffers } from "./slice_buffers";
import { createTrailPass, type TrailPass } from "./trail_pass";

/** Positions kept on the GPU: 256 MB are 64 slices of a million points. */
const GPU_BUDGET_BYTES = 256 * 2 ** 20;

const GRAY_OPACITY = 0.4;

export interface Scatter {
  /**
   * Draws one frame of all panels; does nothing while the context is lost.
   *
   * @param isKept whether a slice may be drawn again: the others leave the GPU.
   */
  draw(scene: Scene, isKept: (slice: Slice) => boolean): void;
  readonly nFrames: number;
  /** Slices whose positions are on the GPU. */
  readonly nSlices: number;
  dispose(): void;
}

interface Passes {
  points: PointsPass;
  rings: Lazy<RingPass>;
  trails: Lazy<TrailPass>;
  images: Lazy<ImagePass>;
  lines: Lazy<LinePass>;
  slices: SliceBuffers;
  /** Levels that hold for one panel only. */
  levels: FrameResources<Uint8Array, WebGLBuffer>;
}

/**
 * All scatters of the page in one canvas with one WebGL2 context.
 *
 * @param onContext called when the context is lost, and when it is back, so that the caller draws again.
 * @returns null if the browser has no WebGL2.
 */
export function createScatter(
  canvas: HTMLCanvasElement,
  onContext: (isLost: boolean) => void,
): Scatter | null {
  // The first frame would throw away a drawing buffer of another size.
  resizeCanvas(canvas, { width: canvas.clientWidth, height: canvas.clientHeight }, devicePixelRatio);
  const context = createRenderContext(canvas, createPasses, onContext);
  if (!context) return null;
  let nFrames = 0;
  return {
    draw(scene, isKept) {
      const { gl, passes } = context;
      if (!passes) return;
      resizeCanvas(canvas, scene.size, scene.pixelRatio);
      drawScene(gl, passes, scene);
      passes.slices.trim(isKept);
      passes.levels.trim();
      passes.images.made?.trim();
      passes.lines.made?.trim();
      nFrames += 1;
    },
    get nFrames() {
      return nFrames;
    },
    get nSlices() {
      return context.passes?.slices.count ?? 0;
    },
    dispose: context.dispose,
  };
}

function createPasses(gl: WebGL2RenderingContext): Passes {
  return {
    points: createPointsPass(gl),
    rings: lazily(() => createRingPass(gl)),
    trails: lazily(() => createTrailPass(gl)),
    images: lazily(() => createImagePass(gl)),
    lines: lazily(() => createLinePass(gl)),
    slices: createSliceBuffers(gl, GPU_BUDGET_BYTES),
    levels: createFrameResources(
      (levels: Uint8Array) => uploadLevels(gl, levels),
      (buffer) => gl.deleteBuffer(buffer),
    ),
  };
}

function uploadLevels(gl: WebGL2RenderingContext, levels: Uint8Array): WebGLBuffer {
  const buffer = gl.createBuffer();
  gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
  gl.bufferData(gl.ARRAY_BUFFER, levels, gl.STATIC_DRAW);
  return buffer;
}

function drawScene(gl: WebGL2RenderingContext, passes: Passes, scene: Scene): void {
  gl.disable(gl.SCISSOR_TEST);
  gl.clearColor(0, 0, 0, 0);
  gl.clear(gl.COLOR_BUFFER_BIT);
  gl.enable(gl.SCISSOR_TEST);
  gl.enable(gl.BLEND);
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  passes.points.setPointStyles(scene.pointStyles);
  for (const panel of scene.panels) {
    if (!setViewport(gl, panel, scene)) continue;
    drawPanel(passes, panel, scene);
  }
}

function setViewport(gl: WebGL2RenderingContext, { rect }: Panel, { size, pixelRatio }: Scene): boolean {
  if (rect.y > size.height || rect.y + rect.height < 0 || rect.width < 1 || rect.height < 1) return false;
  const x = Math.round(rect.x * pixelRatio);
  const y = Math.round((size.height - rect.y - rect.height) * pixelRatio);
  const width = Math.round(rect.width * pixelRatio);
  const height = Math.round(rect.height * pixelRatio);
  gl.viewport(x, y, width, height);
  gl.scissor(x, y, width, height);
  return true;
}

function drawPanel(passes: Passes, panel: Panel, scene: Scene): void {
  const { pixelRatio } = scene;
  const from = passes.slices.buffer(panel.from);
  const to = passes.slices.buffer(panel.to);
  const levels = panel.levels && passes.levels.of(panel.levels);
  for (const image of panel.images) passes.images.get().draw(panel, image);
  if (passes.points.anyGray) {
    passes.points.draw(panel, from, to, {
      level: Level.gray,
      opacity: GRAY_OPACITY,
      pixelRatio,
      gray: true,
      levels,
    });
  }
  if (levels || passes.points.anyFaded) {
    passes.points.draw(panel, from, to, {
      level: Level.faded,
      opacity: panel.opacity * 0.15,
      pixelRatio,
      levels,
    });
  }
  passes.points.draw(panel, from, to, { level: Level.normal, opacity: panel.opacity, pixelRatio, levels });
  for (const lines of panel.lines) passes.lines.get().draw(panel, lines, scene);
  for (const trail of panel.trails) passes.trails.get().draw(panel, trail);
  for (const ring of scene.rings) passes.rings.get().draw(panel, from, to, ring, pixelRatio);
}

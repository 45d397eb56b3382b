import type { Affine } from "../camera";
import { createLinePacing } from "./line_pacing";
import type { FlowPlaces, FlowScene, FlowStep } from "./scene";

/** The lines of one step, drawn once: a frame then costs a picture of its size, however many lines there are. */
export interface LinkSheet {
  texture: WebGLTexture;
  /** From the places' coordinates to the sheet's clip space. */
  view: Affine;
  nDrawn: number;
}

interface StepSheet extends LinkSheet {
  step: FlowStep;
  /** What the lines' looks depend on. */
  key: readonly unknown[];
  places: FlowPlaces;
  /** The last frame that used it. */
  usedAt: number;
}

export interface LinkSheets {
  /**
   * Draws further lines of these steps, the first step first, as many as leave the frame short.
   *
   * @returns whether all lines were there before.
   */
  work(scene: FlowScene, steps: readonly FlowStep[]): boolean;
  /** Whether all lines of a step are drawn as `scene` of the last `work` wants them. */
  isComplete(step: FlowStep): boolean;
  /** The best sheet of a step: complete, be it of an earlier view, or as far as it has come. */
  of(step: FlowStep): LinkSheet | null;
  readonly count: number;
  dispose(): void;
}

/** The step on view, the one before, those that may come next; each may have a sheet of the view before. */
const MAX_SHEETS = 8;

/** @param drawLines draws `n` lines from the `first` on, as they look where no front is, into what is bound. */
export function createLinkSheets(
  gl: WebGL2RenderingContext,
  drawLines: (scene: FlowScene, step: FlowStep, first: number, n: number) => void,
): LinkSheets {
  const framebuffer = gl.createFramebuffer();
  const pacing = createLinePacing();
  let sheets: StepSheet[] = [];
  let key: readonly unknown[] = [];
  let frame = 0;

  const isCurrent = (sheet: StepSheet) => sameParts(sheet.key, key);
  const find = (step: FlowStep) => sheets.filter((sheet) => sheet.step === step);
  const isComplete = (step: FlowStep) =>
    find(step).some((sheet) => isCurrent(sheet) && sheet.nDrawn === step.nLinks);
  /** @returns how many lines it drew, at most as many as there is `room` for. */
  const goOn = (scene: FlowScene, step: FlowStep, room: number): number => {
    let sheet = find(step).find(isCurrent);
    if (!sheet) {
      sheet = createSheet(gl, scene, step, key);
      sheets.push(sheet);
    }
    sheet.usedAt = frame;
    const n = Math.min(room, step.nLinks - sheet.nDrawn);
    gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, sheet.texture, 0);
    if (sheet.nDrawn === 0) gl.clear(gl.COLOR_BUFFER_BIT);
    drawLines(scene, step, sheet.nDrawn, n);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    sheet.nDrawn += n;
    if (sheet.nDrawn === step.nLinks) drop((other) => other.step === step && other !== sheet);
    return n;
  };
  const drop = (isUnwanted: (sheet: StepSheet) => boolean) => {
    for (const sheet of sheets.filter(isUnwanted)) gl.deleteTexture(sheet.texture);
    sheets = sheets.filter((sheet) => !isUnwanted(sheet));
  };
  return {
    work(scene, steps) {
      frame += 1;
      const before = key;
      key = keyOf(scene, gl.drawingBufferWidth, gl.drawingBufferHeight);
      // What was laid out otherwise shows its lines at wrong places.
      drop((sheet) => sheet.places !== scene.places);
      // While the view moves, the sheets of before are moved along.
      const isMoving = !sameParts(before, key) && sheets.length > 0;
      const now = performance.now();
      let room = pacing.begin(now);
      const wasComplete = steps.every(isComplete);
      for (const step of isMoving ? [] : steps) {
        if (room <= 0) break;
        if (isComplete(step)) continue;
        room -= goOn(scene, step, room);
        pacing.drew(now);
      }
      for (const sheet of sheets) if (steps.includes(sheet.step)) sheet.usedAt = frame;
      sheets.sort((a, b) => b.usedAt - a.usedAt);
      const oldest = new Set(sheets.slice(MAX_SHEETS));
      drop((sheet) => oldest.has(sheet));
      return wasComplete;
    },
    isComplete,
    of(step) {
      const found = find(step);
      return found.find((sheet) => sheet.nDrawn === step.nLinks) ?? found.at(-1) ?? null;
    },
    get count() {
      return sheets.length;
    },
    dispose() {
      drop(() => true);
      gl.deleteFramebuffer(framebuffer);
    },
  };
}

function sameParts(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((part, index) => part === b[index]);
}

/** All that the lines' looks depend on. */
function keyOf(
  { places, view, palette, muted, pixelRatio }: FlowScene,
  width: number,
  height: number,
): unknown[] {
  return [places, palette, muted, pixelRatio, width, height, ...Object.values(view)];
}

function createSheet(
  gl: WebGL2RenderingContext,
  scene: FlowScene,
  step: FlowStep,
  key: readonly unknown[],
): StepSheet {
  const { places, view } = scene;
  return { step, key, places, view, texture: createSheetTexture(gl), nDrawn: 0, usedAt: 0 };
}

function createSheetTexture(gl: WebGL2RenderingContext): WebGLTexture {
  const texture = gl.createTexture();
  gl.activeTexture(gl.TEXTURE2);
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA8, gl.drawingBufferWidth, gl.drawingBufferHeight);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
  return texture;
}

import { createRenderContext, resizeCanvas } from "../context";
import { type ArrayBuffers, createArrayBuffers } from "./array_buffers";
import { createFrontPass, type FrontPass } from "./front_pass";
import { createLinkSheets, type LinkSheets } from "./link_sheets";
import { createLinksPass, type LinksPass, type Side } from "./links_pass";
import { createNodesPass, type NodesPass } from "./nodes_pass";
import type { FlowScene, FlowStep } from "./scene";
import { createSheetPass, type SheetPass } from "./sheet_pass";
import { createFlowTextures, type FlowTextures } from "./textures";

/** Beyond so many lines a step's are drawn once, into a texture: their dashes stand still. */
const MOST_DIRECT = 4000;
/** A front below all places: nothing is lit or dimmed. */
const NO_FRONT = { front: -1e9, glow: 0, ahead: 1, timeS: 0 };

export interface Flow {
  /**
   * Draws one frame; does nothing while the context is lost.
   *
   * @returns whether the next frame would be the same; many lines are drawn in several frames.
   */
  draw(scene: FlowScene): boolean;
  /** Whether a step can be shown without delay. */
  isReady(step: FlowStep): boolean;
  readonly nFrames: number;
  readonly nBuffers: number;
  dispose(): void;
}

interface Passes {
  links: LinksPass;
  sheets: LinkSheets;
  sheet: SheetPass;
  nodes: NodesPass;
  front: FrontPass;
  textures: FlowTextures;
  buffers: ArrayBuffers;
}

/**
 * A graph in columns through which a front travels, in one canvas with one WebGL2 context.
 *
 * @param onRestored called when a lost context is back, so that the caller draws again.
 * @returns null if the browser has no WebGL2.
 */
export function createFlow(canvas: HTMLCanvasElement, onRestored: () => void): Flow | null {
  const context = createRenderContext(canvas, createPasses, (isLost) => {
    if (!isLost) onRestored();
  });
  if (!context) return null;
  let nFrames = 0;
  return {
    draw(scene) {
      const { gl, passes } = context;
      if (!passes) return true;
      resizeCanvas(canvas, scene.size, scene.pixelRatio);
      const isSame = drawScene(gl, passes, scene);
      passes.buffers.trim();
      nFrames += 1;
      return isSame;
    },
    isReady: (step) => step.nLinks <= MOST_DIRECT || (context.passes?.sheets.isComplete(step) ?? true),
    get nFrames() {
      return nFrames;
    },
    get nBuffers() {
      return context.passes?.buffers.count ?? 0;
    },
    dispose: context.dispose,
  };
}

function createPasses(gl: WebGL2RenderingContext): Passes {
  const links = createLinksPass(gl);
  const buffers = createArrayBuffers(gl);
  const sheets = createLinkSheets(gl, (scene, step, first, n) => {
    const still = { ...scene, ...NO_FRONT, focus: -1 };
    links.draw(still, { buffer: buffers.buffer(step.links), first, n, nAll: step.nLinks }, 0);
  });
  return {
    links,
    sheets,
    sheet: createSheetPass(gl),
    nodes: createNodesPass(gl),
    front: createFrontPass(gl),
    textures: createFlowTextures(gl),
    buffers,
  };
}

/** The steps of a scene with too many lines to draw them all in every frame; what is on view first. */
function manyLined({ going, coming, next }: FlowScene): FlowStep[] {
  const steps = [coming, ...(going ? [going] : []), ...next];
  return [...new Set(steps)].filter((step) => step.nLinks > MOST_DIRECT);
}

function drawScene(gl: WebGL2RenderingContext, passes: Passes, scene: FlowScene): boolean {
  gl.viewport(0, 0, gl.canvas.width, gl.canvas.height);
  gl.clearColor(0, 0, 0, 0);
  gl.clear(gl.COLOR_BUFFER_BIT);
  gl.enable(gl.BLEND);
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  passes.textures.bind(scene.places, scene.palette);
  const { going, coming } = scene;
  const wasComplete = passes.sheets.work(scene, manyLined(scene));
  passes.front.draw(scene);
  if (going) drawLinks(passes, scene, going, -1);
  drawLinks(passes, scene, coming, going ? 1 : 0);
  const comingNodes = passes.buffers.buffer(coming.nodes);
  passes.nodes.draw(scene, going ? passes.buffers.buffer(going.nodes) : comingNodes, comingNodes);
  return wasComplete;
}

function drawLinks(
  { links, sheets, sheet, buffers }: Passes,
  scene: FlowScene,
  step: FlowStep,
  side: Side,
): void {
  const linesOf = (array: Float32Array) => {
    return { buffer: buffers.buffer(array), first: 0, n: array.length / 4, nAll: step.nLinks };
  };
  if (step.nLinks <= MOST_DIRECT) {
    links.draw(scene, linesOf(step.links), side);
    return;
  }
  const drawn = sheets.of(step);
  if (drawn) sheet.draw(scene, drawn, side);
  if (scene.focus >= 0) links.draw(scene, linesOf(linksOfNode(step.links, scene.focus)), side);
}

const ofNode = new WeakMap<Float32Array, { node: number; links: Float32Array }>();

/** The lines that begin or end at a node, in their order. */
function linksOfNode(links: Float32Array, node: number): Float32Array {
  const known = ofNode.get(links);
  if (known?.node === node) return known.links;
  const found: number[] = [];
  for (let at = 0; at < links.length; at += 4)
    if (links[at] === node || links[at + 1] === node) found.push(...links.subarray(at, at + 4));
  const made = { node, links: Float32Array.from(found) };
  ofNode.set(links, made);
  return made.links;
}

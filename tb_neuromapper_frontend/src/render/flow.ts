import { type ArrayBuffers, createArrayBuffers } from "./array_buffers";
import type { FlowScene } from "./flow_scene";
import { createFlowTextures, type FlowTextures } from "./flow_textures";
import { createFrontPass, type FrontPass } from "./front_pass";
import { createLinksPass, type LinksPass } from "./links_pass";
import { createNodesPass, type NodesPass } from "./nodes_pass";

export interface Flow {
  /** Draws one frame; does nothing while the context is lost. */
  draw(scene: FlowScene): void;
  readonly nFrames: number;
  readonly nBuffers: number;
  dispose(): void;
}

interface Passes {
  links: LinksPass;
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
  const gl = canvas.getContext("webgl2", { antialias: false, depth: false, premultipliedAlpha: true });
  if (!gl) return null;
  let passes: Passes | null = createPasses(gl);
  let nFrames = 0;
  const lost = (event: Event) => {
    event.preventDefault();
    passes = null;
  };
  const restored = () => {
    passes = createPasses(gl);
    onRestored();
  };
  canvas.addEventListener("webglcontextlost", lost);
  canvas.addEventListener("webglcontextrestored", restored);
  return {
    draw(scene) {
      if (!passes || gl.isContextLost()) return;
      drawScene(gl, canvas, passes, scene);
      passes.buffers.trim();
      nFrames += 1;
    },
    get nFrames() {
      return nFrames;
    },
    get nBuffers() {
      return passes?.buffers.count ?? 0;
    },
    dispose() {
      canvas.removeEventListener("webglcontextlost", lost);
      canvas.removeEventListener("webglcontextrestored", restored);
      for (const pass of passes ? Object.values(passes) : []) pass.dispose();
      passes = null;
      // Browsers allow only some contexts at a time; this one's canvas leaves the page.
      gl.getExtension("WEBGL_lose_context")?.loseContext();
    },
  };
}

function createPasses(gl: WebGL2RenderingContext): Passes {
  return {
    links: createLinksPass(gl),
    nodes: createNodesPass(gl),
    front: createFrontPass(gl),
    textures: createFlowTextures(gl),
    buffers: createArrayBuffers(gl),
  };
}

function drawScene(
  gl: WebGL2RenderingContext,
  canvas: HTMLCanvasElement,
  passes: Passes,
  scene: FlowScene,
): void {
  const width = Math.max(1, Math.round(scene.size.width * scene.pixelRatio));
  const height = Math.max(1, Math.round(scene.size.height * scene.pixelRatio));
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  gl.viewport(0, 0, width, height);
  gl.clearColor(0, 0, 0, 0);
  gl.clear(gl.COLOR_BUFFER_BIT);
  gl.enable(gl.BLEND);
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  passes.textures.bind(scene.places, scene.palette);
  const { going, coming } = scene;
  passes.front.draw(scene);
  if (going) passes.links.draw(scene, going, passes.buffers.buffer(going.links), -1);
  passes.links.draw(scene, coming, passes.buffers.buffer(coming.links), going ? 1 : 0);
  const comingNodes = passes.buffers.buffer(coming.nodes);
  passes.nodes.draw(scene, going ? passes.buffers.buffer(going.nodes) : comingNodes, comingNodes);
}

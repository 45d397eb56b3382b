import { classEntries, N_MARKS, paletteTexels } from "../../tb_neuromapper_frontend/src/color/palette";
import {
  type Box,
  type Camera,
  HOME,
  toClip,
  toPixels,
} from "../../tb_neuromapper_frontend/src/render/camera";
import { pick } from "../../tb_neuromapper_frontend/src/render/scatter/picking";
import { createScatter } from "../../tb_neuromapper_frontend/src/render/scatter/scatter";
import { Level, type Panel, type Ring } from "../../tb_neuromapper_frontend/src/render/scatter/scene";
import { appearanceOf } from "../../tb_neuromapper_frontend/src/screens/embeddings/draw/scene";
import { awaitPixels, type Cloud, rectsFor, type Subject } from "./data";

const EXTENT: Box = [0, 0, 1, 1];

/** The page's own renderer. */
export function ours({ positions, labels }: Cloud, room: HTMLElement): Subject {
  const rects = rectsFor(positions.length, room);
  const slices = positions.map((block) => block.map((xy) => ({ xy, extent: EXTENT })));
  const pointStyles = {
    entries: classEntries(Int32Array.from(labels), 10),
    levels: new Uint8Array(labels.length).fill(Level.normal),
    palette: paletteTexels("class", N_MARKS, "light"),
  };
  const canvas = document.createElement("canvas");
  canvas.className = "ours";
  let scatter: ReturnType<typeof createScatter> = null;
  let shown = 0;

  const draw = (from: number, to: number, mix: number, camera: Camera, rings: Ring[] = []) => {
    const panels = slices.map((block, index): Panel => {
      const rect = rects[index];
      const view = toClip(camera, EXTENT, rect);
      const look = appearanceOf(labels.length, rect, camera.zoom);
      return {
        rect,
        view,
        from: block[from],
        to: block[to],
        mix,
        ...look,
        trails: [],
        levels: null,
        images: [],
        lines: [],
      };
    });
    const size = { width: room.clientWidth, height: room.clientHeight };
    scatter?.draw({ size, pixelRatio: 1, panels, pointStyles, rings, ground: [1, 1, 1] }, () => true);
  };
  return {
    first() {
      room.append(canvas);
      scatter = createScatter(canvas, () => {});
      draw(0, 0, 0, HOME);
    },
    show(step) {
      shown = step;
      draw(step, step, 0, HOME);
    },
    between: (from, to, mix) => draw(from, to, mix, HOME),
    move: (phase) => draw(shown, shown, 0, cameraAt(phase)),
    hover(x, y) {
      const slice = slices[0][shown];
      const panel = { from: slice, to: slice, mix: 0, toPixels: toPixels(HOME, EXTENT, rects[0]) };
      const row = pick(panel, pointStyles.levels, x, y, 10);
      draw(shown, shown, 0, HOME, [{ row, color: [0, 0, 0], diameter: 14 }]);
      return row;
    },
    finish: () => awaitPixels(canvas.getContext("webgl2") as WebGL2RenderingContext),
  };
}

function cameraAt(phase: number): Camera {
  return { ...HOME, x: 0.1 * Math.sin(phase * 2 * Math.PI), zoom: 1 + phase };
}

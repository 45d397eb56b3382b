import { ScatterGL } from "scatter-gl";
import { awaitPixels, type Cloud, rectsFor, type Subject } from "./data";

type Points = [number, number][];

const COLORS = "#2c71b7 #eb9a04 #3f560c #8fb9f7 #9c7b31 #722c6e #249c99 #282fc2 #9079fe #1bcc8e".split(" ");

/**
 * scatter-gl, used as NeuroMapper uses it: a canvas a view, a new data set a step, colours by class. Its points are made
 * before anything is timed. It cannot mix two steps, so a picture between them is mixed here, in place.
 */
export function theirs({ positions, labels }: Cloud, room: HTMLElement): Subject {
  const points = positions.map((block) => block.map(pointsOf));
  const working = points.map((block) => block[0].map(([x, y]): [number, number] => [x, y]));
  const rects = rectsFor(positions.length, room);
  const views: ScatterGL[] = [];
  const canvases: HTMLCanvasElement[] = [];
  let hovered = -1;

  const add = (index: number) => {
    const { x, y, width, height } = rects[index];
    const element = document.createElement("div");
    element.style.cssText = `left:${x}px;top:${y}px;width:${width}px;height:${height}px`;
    room.append(element);
    const view = new ScatterGL(element, {
      rotateOnStart: false,
      pointColorer: (row) => COLORS[labels[row] % COLORS.length],
      onHover: (row) => {
        hovered = row ?? -1;
      },
    });
    views.push(view);
    view.render(new ScatterGL.Dataset(points[index][0]));
    // `render` draws before it has anything to draw with; this draws the points.
    view.resize();
    canvases.push(element.querySelector("canvas") as HTMLCanvasElement);
  };
  return {
    first() {
      for (const index of points.keys()) add(index);
    },
    show(step) {
      for (const [index, view] of views.entries())
        view.updateDataset(new ScatterGL.Dataset(points[index][step]));
    },
    between(from, to, mix) {
      for (const [index, view] of views.entries()) {
        mixInto(working[index], points[index][from], points[index][to], mix);
        view.updateDataset(new ScatterGL.Dataset(working[index]));
      }
    },
    move(phase) {
      // What its own orbit controls do when the pointer drags.
      for (const view of views) {
        const { scatterPlot } = view as unknown as { scatterPlot: CameraOwner };
        const x = 0.1 * Math.sin(phase * 2 * Math.PI);
        scatterPlot.setCameraPositionAndTarget([x, 0, 1], [x, 0, 0]);
      }
    },
    hover(x, y) {
      const place = { clientX: x, clientY: y, bubbles: true };
      canvases[0].dispatchEvent(new PointerEvent("pointermove", place));
      return hovered;
    },
    finish() {
      for (const canvas of canvases) awaitPixels(contextOf(canvas));
    },
  };
}

interface CameraOwner {
  setCameraPositionAndTarget(position: number[], target: number[]): void;
}

function contextOf(canvas: HTMLCanvasElement) {
  return (canvas.getContext("webgl2") ?? canvas.getContext("webgl")) as WebGL2RenderingContext;
}

function pointsOf(xy: Uint16Array): Points {
  return Array.from({ length: xy.length / 2 }, (_, row) => [xy[2 * row] / 65535, xy[2 * row + 1] / 65535]);
}

function mixInto(working: Points, from: Points, to: Points, mix: number): void {
  for (const [row, point] of working.entries()) {
    point[0] = from[row][0] + (to[row][0] - from[row][0]) * mix;
    point[1] = from[row][1] + (to[row][1] - from[row][1]) * mix;
  }
}

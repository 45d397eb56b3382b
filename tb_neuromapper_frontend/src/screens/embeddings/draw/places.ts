import type { Panel } from "../../../render/scatter/scene";

type Rect = Panel["rect"];

/** Where the plots are in the canvas, in CSS pixels; measured once until something moves. */
export interface Places {
  /** Takes an element for a block's plot, until the function that it returns is called. */
  add(block: string, element: HTMLElement): () => void;
  /** Something moved on the page: measure again. */
  measure(): void;
  /** The plots from the canvas' top left, and the canvas in the window. */
  measured(): { rects: ReadonlyMap<string, Rect>; origin: Rect };
}

/** @param onMoved called when the plots may have moved. */
export function createPlaces(canvas: HTMLCanvasElement, onMoved: () => void): Places {
  const plots = new Map<string, HTMLElement>();
  let known: ReturnType<Places["measured"]> | null = null;
  const measure = () => {
    known = null;
    onMoved();
  };
  return {
    add(block, element) {
      plots.set(block, element);
      measure();
      return () => {
        // Its successor may have come before it goes: after a change of runs the views of a block change hands.
        if (plots.get(block) === element) plots.delete(block);
        measure();
      };
    },
    measure,
    measured() {
      known ??= measured(canvas, plots);
      return known;
    },
  };
}

function measured(canvas: HTMLCanvasElement, plots: ReadonlyMap<string, HTMLElement>) {
  const { left, top, width, height } = canvas.getBoundingClientRect();
  const rects = new Map<string, Rect>();
  for (const [block, element] of plots) {
    const box = element.getBoundingClientRect();
    rects.set(block, { x: box.left - left, y: box.top - top, width: box.width, height: box.height });
  }
  return { rects, origin: { x: left, y: top, width, height } };
}

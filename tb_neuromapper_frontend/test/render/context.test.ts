import { beforeEach, expect, it } from "vitest";
import { createRenderContext, type RenderContext, resizeCanvas } from "../../src/render/context";

/** A canvas whose context can be taken away: Node has neither. */
class FakeCanvas extends EventTarget {
  width = 300;
  height = 150;
  isLost = false;
  readonly gl = {
    isContextLost: () => this.isLost,
    getExtension: () => ({ loseContext: () => this.lose() }),
  };

  getContext() {
    return this.gl;
  }

  /** @returns whether the page wants it back. */
  lose(): boolean {
    this.isLost = true;
    return !this.dispatchEvent(new Event("webglcontextlost", { cancelable: true }));
  }

  restore() {
    this.isLost = false;
    this.dispatchEvent(new Event("webglcontextrestored"));
  }
}

interface Fill {
  dispose(): void;
}

let canvas: FakeCanvas;
let changes: boolean[];
let alive: Set<Fill>;
let context: RenderContext<{ fill: Fill }>;

beforeEach(() => {
  canvas = new FakeCanvas();
  changes = [];
  alive = new Set();
  const createPasses = () => {
    const fill = { dispose: () => void alive.delete(fill) };
    alive.add(fill);
    return { fill };
  };
  const onChange = (isLost: boolean) => changes.push(isLost);
  context = createRenderContext(canvas as unknown as HTMLCanvasElement, createPasses, onChange) as never;
});

it("a lost context has no passes, and the page wants it back", () => {
  expect(context.passes).not.toBeNull();
  expect(canvas.lose()).toBe(true);
  expect([context.passes, changes]).toEqual([null, [true]]);
});

it("between the loss and its event nothing is drawn either", () => {
  canvas.isLost = true;
  expect(context.passes).toBeNull();
});

it("a restored context has new passes", () => {
  const { passes } = context;
  canvas.lose();
  canvas.restore();
  expect(context.passes).not.toBeNull();
  expect(context.passes).not.toBe(passes);
  expect(changes).toEqual([true, false]);
});

it("a disposed context is lost for good, and what was made in it is freed", () => {
  context.dispose();
  expect([canvas.isLost, alive.size]).toEqual([true, 0]);
  canvas.restore();
  expect([context.passes, alive.size, changes]).toEqual([null, 0, []]);
});

it("without WebGL2 there is no context", () => {
  const bare = { getContext: () => null } as unknown as HTMLCanvasElement;
  expect(
    createRenderContext(
      bare,
      () => ({}),
      () => {},
    ),
  ).toBeNull();
});

it("a canvas of the right size is left alone, as setting the size clears it", () => {
  const sizes: number[] = [];
  const sized = {
    get width() {
      return sizes.at(-1) ?? 0;
    },
    set width(value: number) {
      sizes.push(value);
    },
    height: 1,
  } as HTMLCanvasElement;
  for (const width of [99.6, 100.2, 0]) resizeCanvas(sized, { width, height: 0 }, 2);
  expect(sizes).toEqual([199, 200, 1]);
  resizeCanvas(sized, { width: 0.4, height: 0 }, 2);
  expect([sizes.length, sized.height]).toEqual([3, 1]);
});

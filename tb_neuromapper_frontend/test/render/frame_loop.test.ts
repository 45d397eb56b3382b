import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createFrameLoop } from "../../src/render/frame_loop";

/** Node has no frames: the test says when the browser draws one. */
let waiting: FrameRequestCallback[];

beforeEach(() => {
  waiting = [];
  vi.stubGlobal("requestAnimationFrame", (callback: FrameRequestCallback) => waiting.push(callback));
  vi.stubGlobal("cancelAnimationFrame", (id: number) => waiting.splice(id - 1, 1));
});

afterEach(() => vi.unstubAllGlobals());

function frameAt(timeMs: number): void {
  for (const callback of waiting.splice(0)) callback(timeMs);
}

it("draws once for all that ask, and then rests", () => {
  const drawn: number[] = [];
  const loop = createFrameLoop((elapsedS) => drawn.push(elapsedS) < 0);
  loop.request();
  loop.request();
  frameAt(1000);
  expect([drawn, waiting.length]).toEqual([[0], 0]);
});

it("goes on while something moves, and says how much time has passed, at most a tenth of a second", () => {
  const drawn: number[] = [];
  const loop = createFrameLoop((elapsedS) => drawn.push(elapsedS) < 3);
  loop.request();
  for (const timeMs of [1000, 1016, 9000]) frameAt(timeMs);
  expect(drawn).toEqual([0, 0.016, 0.1]);
  expect(waiting.length).toBe(0);
  loop.request();
  frameAt(9016);
  expect(drawn.at(-1)).toBe(0);
});

it("what asks while a frame is drawn gets one more", () => {
  let n = 0;
  const loop = createFrameLoop(() => {
    n += 1;
    if (n === 1) loop.request();
    return false;
  });
  loop.request();
  frameAt(1000);
  frameAt(1016);
  expect([n, waiting.length]).toEqual([2, 0]);
});

it("draws nothing once it is disposed", () => {
  const loop = createFrameLoop(() => true);
  loop.request();
  loop.dispose();
  expect(waiting.length).toBe(0);
});

import { readCloud, rectsFor, type Subject } from "./data";
import { ours } from "./ours";
import { theirs } from "./theirs";

const room = document.querySelector("#views") as HTMLElement;
let subject: Subject;
let nSteps = 1;
let nBlocks = 1;

/** What page_speed.py calls. Times are in milliseconds; those of JavaScript do not wait for the GPU. */
const bench = {
  async load(name: "ours" | "scatter-gl", url: string, blocks: number, steps: number, n: number) {
    [nBlocks, nSteps] = [blocks, steps];
    subject = (name === "ours" ? ours : theirs)(await readCloud(url, nBlocks, steps, n), room);
    await pageAtRest();
  },
  /** From the positions in memory to the pixels. */
  firstFrame(): number {
    const start = performance.now();
    subject.first();
    subject.finish();
    return performance.now() - start;
  },
  /** JavaScript for showing another step, each. */
  epochChanges(count: number): number {
    let spent = 0;
    for (let i = 1; i <= count; i++) {
      const start = performance.now();
      subject.show(i % nSteps);
      spent += performance.now() - start;
      subject.finish();
    }
    return spent / count;
  },
  /** Frames a second on the way through the steps. */
  animation: (forMs: number) =>
    framesPerS(forMs, (share) => {
      const at = share * (nSteps - 1);
      const from = Math.min(nSteps - 2, Math.floor(at));
      subject.between(from, from + 1, at - from);
    }),
  /** Frames a second while the view moves. */
  moving: (forMs: number) => framesPerS(forMs, (share) => subject.move(share)),
  /** From the pointer's place to the marked point's pixels: the mean of `count` places, without those that have no point. */
  hovers(count: number): number {
    const times: number[] = [];
    for (let i = 0; i < count; i++) {
      const start = performance.now();
      const { width, height } = rectsFor(nBlocks, room)[0];
      const row = subject.hover((0.1 + (0.8 * i) / count) * width, 0.5 * height);
      subject.finish();
      if (row >= 0) times.push(performance.now() - start);
    }
    return times.reduce((sum, time) => sum + time, 0) / times.length;
  },
};

export type Bench = typeof bench;
Object.assign(window, { bench });

/** The browser has drawn the page itself and has nothing left to do. */
async function pageAtRest(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise(requestAnimationFrame);
  await new Promise((resolve) => requestIdleCallback(resolve));
}

/** Draws in each animation frame; the last one's pixels are waited for. */
async function framesPerS(forMs: number, draw: (share: number) => void): Promise<number> {
  let frames = 0;
  const start = performance.now();
  await new Promise<void>((resolve) => {
    const onFrame = () => {
      const share = (performance.now() - start) / forMs;
      if (share >= 1) return resolve();
      draw(share);
      frames += 1;
      requestAnimationFrame(onFrame);
    };
    requestAnimationFrame(onFrame);
  });
  subject.finish();
  return (1000 * frames) / (performance.now() - start);
}

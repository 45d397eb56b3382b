import { expect, it } from "vitest";
import { createLinePacing } from "../../../src/render/flow/line_pacing";

/** The numbers of lines of frames that each draw, so many milliseconds apart. */
function paced(...gapsMs: number[]): number[] {
  const pacing = createLinePacing();
  let nowMs = 1000;
  const begin = () => {
    const n = pacing.begin(nowMs);
    pacing.drew(nowMs);
    return n;
  };
  begin();
  return gapsMs.map((gapMs) => {
    nowMs += gapMs;
    return begin();
  });
}

it("short frames get more lines, long ones fewer, the others as many", () => {
  expect(paced(16, 16, 40, 60, 60)).toEqual([8000, 16_000, 16_000, 8000, 4000]);
});

it("there are always some, and never too many", () => {
  expect(paced(...Array(9).fill(16)).at(-1)).toBe(50_000);
  expect(paced(...Array(9).fill(200)).at(-1)).toBe(1000);
});

it("a pause says nothing about the cost, nor does a frame that drew none", () => {
  expect(paced(5000)).toEqual([4000]);
  const pacing = createLinePacing();
  expect([pacing.begin(0), pacing.begin(16), pacing.begin(76)]).toEqual([4000, 4000, 4000]);
});

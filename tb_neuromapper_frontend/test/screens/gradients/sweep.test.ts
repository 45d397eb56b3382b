import { describe, expect, it } from "vitest";
import { createSweep } from "../../../src/screens/gradients/draw/sweep";

describe("createSweep", () => {
  it("takes the set time from the output to the input, then the old step is gone", () => {
    const sweep = createSweep();
    sweep.goTo(0, "jump");
    sweep.goTo(50, "travel");
    expect([sweep.going, sweep.coming, sweep.progress]).toEqual([0, 50, 0]);
    sweep.advance(0.5, 2);
    expect(sweep.progress).toBe(0.25);
    sweep.advance(1.6, 2);
    expect([sweep.going, sweep.coming, sweep.active]).toEqual([null, 50, false]);
  });

  it("lets a pass end before a queued step begins, and only the last one counts", () => {
    const sweep = createSweep();
    sweep.goTo(0, "jump");
    sweep.goTo(1, "queue");
    sweep.advance(0.5, 1);
    sweep.goTo(2, "queue");
    sweep.goTo(3, "queue");
    expect(sweep.coming).toBe(1);
    sweep.advance(0.6, 1);
    expect([sweep.going, sweep.coming, sweep.active]).toEqual([1, 3, true]);
  });

  it("goes on at once from what is shown when a step is chosen", () => {
    const sweep = createSweep();
    sweep.goTo(0, "jump");
    sweep.goTo(1, "travel");
    sweep.advance(0.5, 1);
    sweep.goTo(2, "travel");
    expect([sweep.going, sweep.coming, sweep.progress]).toEqual([1, 2, 0]);
  });

  it("travels again through the same step", () => {
    const sweep = createSweep();
    sweep.replay();
    expect(sweep.active).toBe(false);
    sweep.goTo(0, "jump");
    sweep.replay();
    expect([sweep.coming, sweep.going, sweep.active]).toEqual([0, null, true]);
  });
});

import { describe, expect, it } from "vitest";
import { createClock } from "../../src/screens/embeddings/state/clock";
import { indexOfStep, slicesAt, unionOfSteps } from "../../src/session/steps";

describe("steps", () => {
  it("of several blocks are united and sorted by number", () => {
    expect(unionOfSteps([[10, 2], [9, 10], []])).toEqual([2, 9, 10]);
  });

  it("the nearest is found, the earlier of two as near, -1 of none", () => {
    expect(indexOfStep([0, 10, 200], 120)).toBe(2);
    expect(indexOfStep([0, 10], 5)).toBe(0);
    expect(indexOfStep([], 5)).toBe(-1);
  });
});

describe("slicesAt", () => {
  const all = () => true;

  it("at an epoch is that epoch", () => {
    expect(slicesAt(2, 5, all)).toEqual({ from: 2, to: 2, mix: 0 });
  });

  it("between two epochs mixes them, half and half in the middle", () => {
    expect(slicesAt(2.5, 5, all)).toEqual({ from: 2, to: 3, mix: 0.5 });
  });

  it("goes past what is not loaded", () => {
    expect(slicesAt(2, 5, (i) => i === 0 || i === 4)).toEqual({ from: 0, to: 4, mix: 0.5 });
    expect(slicesAt(4, 5, (i) => i === 1)).toEqual({ from: 1, to: 1, mix: 0 });
    expect(slicesAt(0, 5, (i) => i === 3)).toEqual({ from: 3, to: 3, mix: 0 });
    expect(slicesAt(0, 5, () => false)).toBeNull();
  });
});

describe("the clock", () => {
  it("moves to an epoch without leaps and arrives exactly", () => {
    const clock = createClock();
    clock.moveTo(10, false);
    const places = Array.from({ length: 60 }, () => {
      clock.advance(1 / 60, 0, 10);
      return clock.at;
    });
    expect(places.every((at, i) => i === 0 || (at >= places[i - 1] && at - places[i - 1] < 1.2))).toBe(true);
    expect(clock.at).toBe(10);
    expect(clock.moving).toBe(false);
  });

  it("sent elsewhere on the way goes on from where it is", () => {
    const clock = createClock();
    clock.moveTo(10, false);
    clock.advance(0.1, 0, 10);
    const at = clock.at;
    clock.moveTo(0, false);
    expect(clock.at).toBe(at);
  });

  it("jumps where motion is not wanted", () => {
    const clock = createClock();
    clock.moveTo(7, true);
    expect([clock.at, clock.moving]).toEqual([7, false]);
  });

  it("plays at its speed and waits at its limit", () => {
    const clock = createClock();
    clock.advance(0.5, 2, 5);
    expect(clock.at).toBe(1);
    clock.advance(10, 2, 1);
    expect(clock.at).toBe(1);
  });
});

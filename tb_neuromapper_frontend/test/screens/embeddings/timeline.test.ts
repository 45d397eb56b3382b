import { beforeEach, describe, expect, it } from "vitest";
import type { Projection, Run } from "../../../src/api/types";
import { createTimeline, type Timeline } from "../../../src/screens/embeddings/draw/timeline";
import type { PositionCache } from "../../../src/screens/embeddings/state/positions";
import { createStore, type Store } from "../../../src/session/state";

const STEPS = [0, 1, 2, 3, 10];
const FRAME_S = 0.05;

let store: Store;
let timeline: Timeline;
let missing: Set<number>;

function load(steps: number[]): void {
  const projection = {
    id: "a",
    run: "r",
    block: "a",
    state: "done",
    steps,
    revisions: steps.map(() => 1),
    quality: [],
  };
  store.actions.projectionsLoaded("r", [projection as unknown as Projection]);
}

beforeEach(() => {
  missing = new Set();
  const slice = { xy: new Uint16Array(2), extent: [0, 0, 1, 1] as const };
  const cache = {
    want() {},
    peek: (_: string, step: number) => (missing.has(step) ? undefined : slice),
    isCurrent: (projection: Projection, index: number) => !missing.has(projection.steps[index]),
  } as unknown as PositionCache;
  store = createStore();
  const summary = { name: "r", n_samples: 1, blocks: ["a"], steps: STEPS, problems: [] };
  store.actions.runsLoaded({ log_dir: "", version: "", runs: [summary], other_runs: [] });
  store.actions.runLoaded({ name: "r", sample_set: "s", blocks: [{ name: "a" }] } as unknown as Run);
  timeline = createTimeline(store, cache, () => false);
  load(STEPS);
});

/** Some frames; where the picture was in each. */
function frames(n: number): number[] {
  return Array.from({ length: n }, () => {
    timeline.advance(FRAME_S);
    return timeline.at();
  });
}

describe("the timeline", () => {
  it("opens at the newest epoch, without travelling there", () => {
    expect([timeline.at(), store.step.value, timeline.arrived()]).toEqual([4, 10, true]);
  });

  it("travels to a chosen epoch", () => {
    store.actions.stepChosen(1);
    const places = frames(20);
    expect(places[0]).toBeGreaterThan(1);
    expect([places[19], timeline.arrived()]).toEqual([1, true]);
  });

  it("waits at its place until the chosen epoch is there", () => {
    missing.add(1);
    store.actions.stepChosen(1);
    expect([frames(20)[19], timeline.arrived()]).toEqual([4, false]);
    missing.clear();
    expect(frames(20)[19]).toBe(1);
  });

  it("plays from the first epoch when started at the last, to the end, and stops", () => {
    store.actions.playToggled();
    expect(frames(1)[0]).toBeLessThan(1);
    frames(60);
    expect([timeline.at(), store.step.value, store.playing.value]).toEqual([4, 10, false]);
  });

  it("plays round and round if it should", () => {
    store.actions.loopToggled();
    store.actions.playToggled();
    const places = frames(120);
    expect(store.playing.value).toBe(true);
    expect(places.filter((at) => at === 0).length).toBeGreaterThan(1);
  });

  it("playing waits for an epoch that is not there yet", () => {
    missing.add(2);
    store.actions.playToggled();
    expect(Math.max(...frames(60))).toBe(1);
    missing.clear();
    expect(frames(60)[59]).toBe(4);
  });

  it("keeps its place when epochs are added, before it or after", () => {
    store.actions.stepChosen(2);
    frames(20);
    load([...STEPS, 11]);
    expect(timeline.at()).toBe(2);
    load([-1, ...STEPS, 11]);
    expect([timeline.at(), store.step.value]).toEqual([3, 2]);
  });
});

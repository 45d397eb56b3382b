import { beforeEach, describe, expect, it } from "vitest";
import { createTimeline, type Timeline } from "../../../src/screens/embeddings/draw/timeline";
import type { PositionCache } from "../../../src/screens/embeddings/state/positions";
import type { Projection } from "../../../src/screens/embeddings/types";
import { block, projection, run, runs } from "../../fixtures";
import { createPage, type Page } from "../../page";

const STEPS = [0, 1, 2, 3, 10];
const FRAME_S = 0.05;

let { session, embeddings }: Page = createPage();
let timeline: Timeline;
let missing: Set<number>;

function load(steps: number[]): void {
  embeddings.actions.projectionsLoaded("one", [projection("a", steps)]);
}

beforeEach(() => {
  missing = new Set();
  const slice = { xy: new Uint16Array(2), extent: [0, 0, 1, 1] as const };
  const cache = {
    want() {},
    peek: (_: string, step: number) => (missing.has(step) ? undefined : slice),
    isCurrent: (projection: Projection, index: number) => !missing.has(projection.steps[index]),
  } as unknown as PositionCache;
  ({ session, embeddings } = createPage());
  session.actions.runsLoaded(runs("one"));
  session.actions.runLoaded(run("one", { blocks: [block("a")], steps: STEPS }));
  timeline = createTimeline(session, embeddings, cache, () => false);
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
    expect([timeline.at(), session.epoch.value, timeline.arrived()]).toEqual([4, 10, true]);
  });

  it("travels to a chosen epoch", () => {
    session.actions.epochChosen(1);
    const places = frames(20);
    expect(places[0]).toBeGreaterThan(1);
    expect([places[19], timeline.arrived()]).toEqual([1, true]);
  });

  it("waits at its place until the chosen epoch is there", () => {
    missing.add(1);
    session.actions.epochChosen(1);
    expect([frames(20)[19], timeline.arrived()]).toEqual([4, false]);
    missing.clear();
    expect(frames(20)[19]).toBe(1);
  });

  it("plays from the first epoch when started at the last, to the end, and stops", () => {
    session.actions.epochMoves.togglePlaying();
    expect(frames(1)[0]).toBeLessThan(1);
    frames(60);
    expect([timeline.at(), session.epoch.value, session.playing.value]).toEqual([4, 10, false]);
  });

  it("plays round and round if it should", () => {
    session.actions.loopToggled();
    session.actions.epochMoves.togglePlaying();
    const places = frames(120);
    expect(session.playing.value).toBe(true);
    expect(places.filter((at) => at === 0).length).toBeGreaterThan(1);
  });

  it("playing waits for an epoch that is not there yet", () => {
    missing.add(2);
    session.actions.epochMoves.togglePlaying();
    expect(Math.max(...frames(60))).toBe(1);
    missing.clear();
    expect(frames(60)[59]).toBe(4);
  });

  it("keeps its place when epochs are added, before it or after", () => {
    session.actions.epochChosen(2);
    frames(20);
    load([...STEPS, 11]);
    expect(timeline.at()).toBe(2);
    load([-1, ...STEPS, 11]);
    expect([timeline.at(), session.epoch.value]).toEqual([3, 2]);
  });
});

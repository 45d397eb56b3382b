import { describe, expect, it } from "vitest";
import { hashWithParams, paramsOfHash } from "../../src/host/tensorboard";
import { paramsOf } from "../../src/session/link";
import type { Params } from "../../src/session/part";
import { fromRanges, toRanges } from "../../src/session/url";
import { runs } from "../fixtures";
import { createPage } from "../page";

/** Links of which each part of the page opens its share. */
const LINKS: Params[] = [
  {},
  { run: "a/b & c=d#é", step: "0" },
  { run: "x", beside: "y" },
  {
    run: "x",
    color: "loss",
    fade: "1",
    views: "a%2Cb,c%2F%C3%A9,d",
    large: "c/é",
    pin: "0",
    selected: "r2~2.21",
    isolated: "1",
    linked: "1",
    cameras: "a%2Cb,0.25_-0.5_2.5_30_1",
    layout: "%3D,n_neighbors%3A30%20metric%3Acosine,%3Da%2Cb,min_dist%3A0.5",
    samples: "500_7_1",
  },
  { screen: "gradients", run: "x", step: "2", train: "1250" },
  {
    screen: "gradients",
    layer: "layer1.0/é,&",
    unit: "7",
    measure: "dead",
    shown: "value",
    lines: "all",
    pass: "0.5",
    folded: ".layer1,.a%2Cb",
    unfolded: ".",
  },
  { color: "metadata:writer & co" },
  { contours: "class", regions: "1", size: "1.4", opacity: "0.25" },
  { contours: "all" },
  { run: ".", step: "1200", hidden: "0-2.9", speed: "8", loop: "1" },
  {
    screen: "scalars",
    smooth: "0.9",
    log: "1",
    tags: "loss|acc",
    without: '["a & b"]',
    thresholds: '{"dormant_tau":0.1}',
  },
  { screen: "playground" },
];

/** A page that a link opened, and in which its run, if it names one, is displayed. */
function opened(params: Params) {
  const page = createPage();
  page.session.actions.linkOpened(params);
  if (params.run) page.session.actions.runsLoaded(runs(params.run, "y"));
  return page;
}

describe("what the page shows, in the address", () => {
  it.each(LINKS)("comes back as it went: %j", (params) => {
    const hash = hashWithParams("#neuromapper", { ...params }) as string;
    const { session } = opened(paramsOfHash(hash));
    expect(paramsOf(session)).toEqual(params);
    const again = opened(paramsOf(session));
    expect(paramsOf(again.session)).toEqual(params);
  });

  it.each(LINKS)("of which all can be used is: %j", (params) => {
    expect(opened(params).session.unusedOfLink.value).toEqual([]);
  });

  it.each([
    ["step", "abc"],
    ["step", "1e400"],
    ["train", "-1"],
    ["hidden", "x-y..3-1"],
    ["cameras", "__proto__,x_0_1_0_0"],
    ["speed", "3"],
    ["speed", "Infinity"],
    ["loop", "yes"],
    ["color", "toString"],
    ["color", "metadata:"],
    ["views", "%E0%A4%A"],
    ["pin", "-1"],
    ["selected", "r5..1"],
    ["isolated", "1"],
    ["layout", "=,n_neighbors:1e9 metric:toString constructor:1"],
    ["layout", "a,n_neighbors:5"],
    ["contours", "some"],
    ["regions", "yes"],
    ["size", "large"],
    ["opacity", "Infinity"],
    ["samples", "0_0_0"],
    ["samples", "-5"],
    ["cameras", "a"],
    ["cameras", "a,1_2_0_0_0"],
    ["cameras", "a,NaN_0_1_0_0"],
    ["cameras", "a,1e9_0_1_0_0"],
    ["smooth", "7"],
    ["without", "{"],
    ["thresholds", "[1]"],
    ["thresholds", '{"a":"b"}'],
    ["unit", "7"],
    ["measure", "mood"],
    ["lines", "3"],
    ["pass", "0"],
    ["folded", "%E0%A4%A"],
  ])("nonsense in %s is as if it were not there, and told: %s", (key, value) => {
    const { session } = opened({ [key]: value });
    expect(paramsOf(session)).toEqual({});
    expect(session.unusedOfLink.value).toEqual([key]);
  });

  it("may say what is so in any case", () => {
    const usual = {
      screen: "embeddings",
      color: "label",
      speed: "2",
      contours: "off",
      regions: "0",
      size: "1",
      opacity: "1",
      fade: "0",
      loop: "0",
      linked: "0",
      isolated: "0",
      log: "0",
    };
    const { session } = opened(usual);
    expect(session.unusedOfLink.value).toEqual([]);
    expect(paramsOf(session)).toEqual({});
  });

  it("names no epoch and no step while the newest is followed", () => {
    const { session } = opened({});
    session.epoch.value = 3;
    session.trainStep.value = 70;
    expect(paramsOf(session)).toEqual({});
    session.follow.value = false;
    expect(paramsOf(session)).toEqual({ step: "3", train: "70" });
  });
});

describe("a link opens the session", () => {
  it("at its epoch and step, with its classes, speed and samples", () => {
    const { session } = opened({
      screen: "gradients",
      step: "1200",
      train: "1250",
      hidden: "0-2.9",
      speed: "8",
      loop: "1",
      pin: "0",
      selected: "r2~2.21",
      isolated: "1",
    });
    expect([session.screen.value, session.epoch.value, session.trainStep.value]).toEqual([
      "gradients",
      1200,
      1250,
    ]);
    expect([session.follow.value, session.speed.value, session.loop.value]).toEqual([false, 8, true]);
    expect([...session.hiddenClasses.value]).toEqual([0, 1, 2, 9]);
    expect([session.pinned.value, session.isolated.value]).toEqual([0, true]);
    expect([...session.selected.value]).toEqual([2, 3, 4, 77]);
  });

  it("and what it does not name is at its default again", () => {
    const { session } = opened({
      screen: "scalars",
      step: "2",
      speed: "8",
      loop: "1",
      pin: "3",
      hidden: "1",
    });
    session.actions.linkOpened({});
    expect([session.screen.value, session.epoch.value, session.follow.value]).toEqual([
      "embeddings",
      null,
      true,
    ]);
    expect([session.speed.value, session.loop.value, session.pinned.value]).toEqual([2, false, null]);
    expect(session.hiddenClasses.value.size).toBe(0);
  });

  it("on the first screen where it names one that there is not, and says so", () => {
    const { session } = opened({ screen: "nowhere" });
    expect(session.screen.value).toBe("embeddings");
    expect(session.unusedOfLink.value).toEqual(["screen"]);
  });
});

describe("ranges", () => {
  it("are short and come back", () => {
    expect(toRanges([3, 1, 2, 7])).toBe("1-3.7");
    expect(fromRanges("1-3.7")).toEqual([1, 2, 3, 7]);
    expect(fromRanges("5-7.1-3.7.8")).toEqual([5, 6, 7, 8]);
    expect(toRanges(Array.from({ length: 1000 }, (_, i) => i))).toBe("0-999");
  });
});

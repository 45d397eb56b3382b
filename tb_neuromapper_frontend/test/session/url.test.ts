import { describe, expect, it } from "vitest";
import { hashWithParams, paramsOfHash } from "../../src/host/tensorboard";
import { unusedKeys } from "../../src/session/link";
import { fromParams, fromRanges, toParams, toRanges, type UrlState } from "../../src/session/url";

const STATES: UrlState[] = [
  {},
  { run: "a/b & c=d#é", step: 0 },
  {
    run: "x",
    color: "loss",
    fade: true,
    layout: { "": { n_neighbors: 30, metric: "cosine" }, "a,b": { min_dist: 0.5 } },
    sampling: { size: 500, seed: 7, stratified: true },
    views: ["a,b", "c/é", "d"],
    large: "c/é",
    pin: 0,
    selected: Uint32Array.from([2, 3, 4, 77]),
    isolated: true,
    linked: true,
    cameras: { "a,b": { x: 0.25, y: -0.5, zoom: 2.5, rotation: 30, mirrored: true } },
  },
  { screen: "gradients", run: "x", step: 2, train: 1250 },
  {
    screen: "gradients",
    gradients: {
      layer: "layer1.0/é,&",
      unit: 7,
      measure: "dead",
      shown: "value",
      edgeLimit: null,
      passS: 0.5,
      folded: ["layer1", "a,b"],
      unfolded: [""],
    },
  },
  { color: "metadata:writer & co" },
  { look: { contours: "class", regions: true, size: 1.4, opacity: 0.25 } },
  { look: { contours: "all", regions: false, size: 1, opacity: 1 } },
  { run: ".", step: 1200, hidden: [0, 1, 2, 9], speed: 8, loop: true },
];

describe("the state in the address", () => {
  it.each(STATES)("comes back as it went: %j", (state) => {
    const hash = hashWithParams("#neuromapper", toParams(state)) as string;
    expect(fromParams(paramsOfHash(hash))).toEqual(state);
  });

  it.each([
    ["step", "abc"],
    ["step", "1e400"],
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
  ])("nonsense in %s is as if it were not there, and told", (key, value) => {
    expect(fromParams({ [key]: value })).toEqual({});
    expect(unusedKeys({ [key]: value })).toEqual([key]);
  });

  it.each(STATES)("of which all can be used is: %j", (state) => {
    expect(unusedKeys(toParams(state))).toEqual([]);
  });

  it("may say what is so in any case", () => {
    expect(unusedKeys({ color: "label", speed: "2", loop: "0", contours: "off" })).toEqual([]);
  });

  it("escapes that are broken do not throw", () => {
    expect(paramsOfHash("#neuromapper&p.neuromapper.run=%E0%A4%A")).toEqual({ run: "%E0%A4%A" });
  });

  it("leaves other plugins' parts alone", () => {
    expect(hashWithParams("#neuromapper&p.other.x=1&p.neuromapper.step=3", { step: "4" })).toBe(
      "#neuromapper&p.other.x=1&p.neuromapper.step=4",
    );
  });

  it("is not written while another tab is open", () => {
    expect(hashWithParams("#scalars&x=1", { step: "4" })).toBeNull();
  });

  it("is written where no tab is named", () => {
    expect(hashWithParams("", { step: "4" })).toBe("#neuromapper&p.neuromapper.step=4");
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

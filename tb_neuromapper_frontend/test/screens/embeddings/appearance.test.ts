import { expect, it } from "vitest";
import type { Run } from "../../../src/api/types";
import { appearanceOf } from "../../../src/screens/embeddings/draw/scene";
import {
  DEFAULT_APPEARANCE,
  appearanceFromParams,
  appearanceToParams,
  toFactor,
} from "../../../src/screens/embeddings/state/appearance";
import { hasPredictions, whyNoRegions } from "../../../src/screens/embeddings/state/regions";
import { createStore } from "../../../src/session/state";

it("factors are kept within their bounds, in two digits", () => {
  expect([
    toFactor("1.4142"),
    toFactor("1e9"),
    toFactor("-3"),
    toFactor("x"),
    toFactor(""),
    toFactor(undefined),
  ]).toEqual([1.4, 4, 0.25, null, null, null]);
});

it("what is at its default is not in a link", () => {
  expect(appearanceToParams(DEFAULT_APPEARANCE)).toEqual({});
  expect(appearanceFromParams({})).toBeNull();
  expect(appearanceFromParams({ size: "1", opacity: "1", contours: "off" })).toBeNull();
});

it("the more points, the smaller and the fainter; never out of sight", () => {
  const looks = [100, 1000, 10_000, 100_000, 1_000_000].map((n) => appearanceOf(n, { width: 400, height: 300 }, 1));
  const descending = (values: number[]) => values.every((value, i) => i === 0 || value <= values[i - 1]);
  expect(descending(looks.map(({ diameter }) => diameter))).toBe(true);
  expect(descending(looks.map(({ opacity }) => opacity))).toBe(true);
  expect(looks[0]).toEqual({ diameter: expect.closeTo(6.4, 0), opacity: 0.95 });
  expect(looks[4].diameter).toBeGreaterThan(1.5);
  expect(looks[4].opacity).toBeGreaterThan(0.3);
});

it("regions are there where a run logs predicted classes, in no other classes' colours", () => {
  const store = createStore();
  const run = (label_kind: Run["label_kind"], outcome_steps: number[]) =>
    ({ label_kind, outcome_steps }) as Run;
  const kind = "class" as const;
  for (const without of [run("target", [0]), run("class", []), run(null, [0])]) {
    store.run.value = without;
    expect(hasPredictions(store)).toBe(false);
    expect(whyNoRegions(store, { kind })).toContain("logs no predicted classes");
  }
  store.run.value = run("class", [0]);
  expect(whyNoRegions(store, { kind })).toBe("");
  store.colorBy.value = "metadata:writer";
  expect(whyNoRegions(store, { kind })).toContain("Colour by something else");
  expect(whyNoRegions(store, { kind: "ramp" })).toBe("");
});

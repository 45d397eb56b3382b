import { expect, it } from "vitest";
import { linePath, qualityBySteps, shareOf } from "../../../src/screens/embeddings/state/quality";
import type { Projection } from "../../../src/screens/embeddings/types";
import * as fixtures from "../../fixtures";
import { createPage } from "../../page";

function projection(block: string, figures: [number, number | null, boolean][]): Projection {
  const quality = figures.map(([step, movement, abrupt]) => {
    return { step, trustworthiness: 0.9, preservation: 0.4, continuity: 0.9, movement, cka: null, abrupt };
  });
  return { block, quality } as Projection;
}

it("the quality of several blocks is the mean of those that have the step", () => {
  const found = qualityBySteps(
    [
      projection("a", [
        [0, null, false],
        [5, 0.2, true],
      ]),
      projection("b", [[5, 0.4, false]]),
    ],
    [0, 5, 9],
  );
  expect(found.map(({ step, abrupt }) => ({ step, abrupt }))).toEqual([
    { step: 0, abrupt: [] },
    { step: 5, abrupt: ["a"] },
    { step: 9, abrupt: [] },
  ]);
  expect(found[0].movement).toBeNull();
  expect(found[1].movement).toBeCloseTo(0.3);
  expect(found[2].trustworthiness).toBeNull();
});

it("a line leaves out what is not known and stays in its box", () => {
  expect(linePath([0, 0.5, 2], 1)).toBe("M0 100h0L50 50L100 0");
  expect(linePath([null, 1, null, 0], 1)).toBe("M33.33 0h0M100 100h0");
  expect(linePath([null], 1)).toBe("");
});

it("a step is where the slider's thumb is", () => {
  expect([shareOf(0, 1), shareOf(0, 5), shareOf(2, 5), shareOf(4, 5)]).toEqual([0, 0, 0.5, 1]);
});

it("abrupt changes are marked on the time axes of all screens, one mark for an epoch", () => {
  const { session, embeddings } = createPage();
  session.actions.runsLoaded(fixtures.runs("one"));
  session.actions.runLoaded(fixtures.run("one"));
  const quality = [fixtures.quality(0), fixtures.quality(5, { abrupt: true })];
  const layouts = ["a", "b"].map((block) => fixtures.projection(block, [0, 5, 20], { quality }));
  embeddings.actions.projectionsLoaded("one", layouts);
  const [mark, ...others] = session.events.all.value;
  expect(others).toEqual([]);
  expect(mark).toMatchObject({ kind: "abrupt", axis: "epoch", step: 5, on: "all", label: "▲" });
  expect(mark.title).toBe("epoch 5: abrupt change of a, b");
  expect(session.epoch.value).toBe(20);
  mark.open();
  expect(session.epoch.value).toBe(5);
});

import { expect, it } from "vitest";
import { createPage } from "../../page";

it("a link says how the curves are drawn, and of which runs", () => {
  const { session, scalars } = createPage();
  session.actions.linkOpened({ smooth: "0.9", log: "1", tags: "loss|acc", without: '["a & b"]' });
  expect([scalars.smoothing.value, scalars.log.value, scalars.filter.value]).toEqual([0.9, true, "loss|acc"]);
  expect([...scalars.hiddenRuns.value]).toEqual(["a & b"]);
});

it("what a link does not name, or names wrongly, is at its default again", () => {
  const { session, scalars } = createPage();
  session.actions.linkOpened({ smooth: "0.9", log: "1", tags: "loss", without: '["a"]' });
  session.actions.linkOpened({ smooth: "7", without: "{" });
  expect([scalars.smoothing.value, scalars.log.value, scalars.filter.value]).toEqual([0.6, false, ""]);
  expect(scalars.hiddenRuns.value.size).toBe(0);
  session.actions.linkOpened({ without: '["a",3]' });
  expect([...scalars.hiddenRuns.value]).toEqual(["a"]);
});

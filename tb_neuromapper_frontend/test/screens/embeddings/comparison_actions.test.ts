import { beforeEach, expect, it } from "vitest";
import { nameOf, viewsOf } from "../../../src/screens/embeddings/state/run_pair";
import { projection, run, runs } from "../../fixtures";
import { createPage, type Page } from "../../page";

let { session, embeddings }: Page = createPage();
beforeEach(() => {
  ({ session, embeddings } = createPage());
  session.actions.runsLoaded(runs("one", "two"));
  session.actions.runLoaded(run("one"));
});

it("a run is not beside itself; colours of the first run's outcomes go", () => {
  embeddings.actions.colorChosen("loss");
  embeddings.actions.comparisonChosen("one");
  expect(embeddings.comparedName.value).toBeNull();
  embeddings.actions.comparisonChosen("two");
  expect(embeddings.comparedName.value).toBe("two");
  expect(embeddings.colorBy.value).toBe("label");
  expect(nameOf(embeddings.names.value, viewsOf(["a"], true)[1])).toBe("a, two");
});

it("columns of the metadata colour both runs' views, also from a link; outcomes do not", () => {
  embeddings.actions.colorChosen("metadata:writer");
  embeddings.actions.comparisonChosen("two");
  expect(embeddings.colorBy.value).toBe("metadata:writer");
  session.actions.runLoaded(run("one", { metadata: ["writer"] }));
  session.actions.linkOpened({ beside: "two", color: "metadata:writer" });
  expect(embeddings.colorBy.value).toBe("metadata:writer");
  session.actions.linkOpened({ beside: "two", color: "loss" });
  expect(embeddings.colorBy.value).toBe("label");
});

it("two runs have a space of their own: the layouts of one are forgotten, and its playing ends", () => {
  embeddings.actions.projectionsLoaded("one", [projection("a", [0, 5])]);
  session.actions.epochMoves.togglePlaying();
  embeddings.actions.comparisonChosen("two");
  expect([embeddings.projections.value, session.playing.value]).toEqual([[], false]);
  embeddings.actions.projectionsLoaded("one", [projection("a", [0, 5])]);
  expect(embeddings.projections.value).toEqual([]);
  embeddings.actions.projectionsLoaded("one", [projection("a", [0, 5], { runs: ["one", "two"] })]);
  expect(embeddings.projections.value.length).toBe(1);
});

it("a run beside that is deleted is shown no more, in words", () => {
  embeddings.actions.comparisonChosen("two");
  session.actions.runsLoaded(runs("one"));
  expect(embeddings.comparedName.value).toBeNull();
  expect(session.failure.value).toBe("The run two is not in runs.");
});

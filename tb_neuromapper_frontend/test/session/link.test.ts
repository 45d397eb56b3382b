import { beforeEach, describe, expect, it } from "vitest";
import type { Params } from "../../src/session/part";
import { block, gradientsOf, projection, run, runs, samplesWith } from "../fixtures";
import { createPage, type Page } from "../page";

/** A page that a link opened before its run, of these blocks, was known. */
function settled(params: Params, blocks: string[]): Page {
  const page = createPage();
  page.session.actions.linkOpened(params);
  page.session.actions.runsLoaded(runs("one"));
  page.session.actions.runLoaded(run("one", { blocks: blocks.map(block) }));
  return page;
}

describe("when the run is known, a link", () => {
  it("that asks for nothing is not spoken of, whether the run has blocks or not", () => {
    expect(settled({}, []).session.failure.value).toBe("");
    expect(settled({}, ["a"]).session.failure.value).toBe("");
  });

  it("loses the blocks that the run does not have, which is said once", () => {
    const { session, embeddings } = settled({ large: "b", views: "a,c" }, ["a"]);
    expect(session.failure.value).toBe("The link's views and large could not be used.");
    expect(embeddings.enlarged.value).toBeNull();
    expect(embeddings.chosenBlocks.value).toEqual(["a"]);
    session.actions.failureDismissed();
    session.actions.runLoaded(run("one", { blocks: [block("a")], steps: [0, 5] }));
    expect(session.failure.value).toBe("");
  });

  it("keeps the blocks that there are", () => {
    const { session, embeddings } = settled({ large: "b", views: "b" }, ["a", "b"]);
    expect(session.failure.value).toBe("");
    expect(embeddings.enlarged.value).toBe("b");
  });

  it("is told once what of it cannot be used: what makes no sense, and what the run does not have", () => {
    const { session, embeddings } = settled(
      {
        speed: "3",
        run: "one",
        step: "99",
        pin: "4",
        views: "b,z",
        color: "metadata:none",
        selected: "r3.6",
      },
      ["a", "b"],
    );
    expect(session.failure.value).toBe(
      "The link's speed, step, views, color, pin and selected could not be used.",
    );
    expect([session.pinned.value, embeddings.panels.value, embeddings.colorBy.value]).toEqual([
      null,
      ["b"],
      "label",
    ]);
    expect([...session.selected.value]).toEqual([3]);
    session.actions.failureDismissed();
    session.actions.runLoaded(run("one", { steps: [0, 5] }));
    expect(session.failure.value).toBe("");
  });

  it("that names another run beside it that is not there, or the run itself, says so", () => {
    for (const beside of ["gone", "one"]) {
      const { session, embeddings } = settled({ beside }, ["a"]);
      expect(embeddings.comparedName.value).toBeNull();
      expect(session.failure.value).toContain(beside === "one" ? "beside" : "gone");
    }
  });
});

it("a link's keys that mean nothing in any run are named, but not what is so anyway", () => {
  const { session } = createPage();
  session.actions.linkOpened({ nonsense: "1", screen: "embeddings", size: "1" });
  expect(session.unusedOfLink.value).toEqual(["nonsense"]);
});

it("a link to a run that comes later is followed when it comes, with its epoch", () => {
  const { session } = createPage();
  session.actions.linkOpened({ run: "late", step: "5", hidden: "1" });
  session.actions.runsLoaded(runs());
  session.actions.runsLoaded(runs("late"));
  expect([session.runName.value, session.epoch.value]).toEqual(["late", 5]);
  expect([...session.hiddenClasses.value]).toEqual([1]);
  expect(session.failure.value).toBe("");
});

it("a link to a run that comes after others is followed when it comes", () => {
  const { session } = createPage();
  session.actions.linkOpened({ run: "late" });
  session.actions.runsLoaded(runs("one"));
  expect([session.runName.value, session.failure.value.includes("late")]).toEqual(["one", true]);
  session.actions.runsLoaded(runs("one", "late"));
  expect([session.runName.value, session.failure.value]).toEqual(["late", ""]);
});

describe("a link into an open page", () => {
  let page: Page;
  beforeEach(() => {
    page = createPage();
    page.session.actions.runsLoaded(runs("one", "two"));
    page.session.actions.runLoaded(run("one"));
  });

  it("goes to an epoch that is there, and says that its own is not", () => {
    const { session, embeddings } = page;
    embeddings.actions.projectionsLoaded("one", [projection("a", [0, 5, 20])]);
    session.actions.linkOpened({ step: "7" });
    expect(session.epoch.peek()).toBe(5);
    expect(session.failure.peek()).toBe("The link's step could not be used.");
    session.actions.linkOpened({});
    expect(session.epoch.peek()).toBe(20);
    expect(session.failure.peek()).toBe("");
  });

  it("that names a run twice shows it once", () => {
    const { session, embeddings } = page;
    session.actions.linkOpened({ beside: "one" });
    session.actions.runsLoaded(runs("one", "two"));
    expect(embeddings.comparedName.peek()).toBeNull();
    expect(session.failure.peek()).toContain("beside could not be used");
  });

  it("to a column that is not there shows labels", () => {
    const { session, embeddings } = page;
    session.actions.runLoaded(run("one", { metadata: ["writer"] }));
    session.actions.linkOpened({ color: "metadata:writer" });
    session.actions.samplesLoaded("one", samplesWith("writer"));
    expect(embeddings.colorBy.peek()).toBe("metadata:writer");
    session.actions.samplesLoaded("one", samplesWith("constructor"));
    expect(embeddings.colorBy.peek()).toBe("label");
  });

  it("to views that do not exist shows all", () => {
    const { session, embeddings } = page;
    session.actions.linkOpened({ run: "one", views: "nonsense", large: "none" });
    expect(embeddings.panels.value).toEqual(["a", "b"]);
  });

  it("to another run forgets this one, and keeps what it says of the other", () => {
    const { session, embeddings, gradients } = page;
    embeddings.actions.projectionsLoaded("one", [projection("a", [0])]);
    gradients.actions.gradientsLoaded(gradientsOf([0, 50]));
    session.actions.linkOpened({ run: "two", layer: "fc", views: "b", step: "5" });
    expect([session.runName.value, session.run.value, session.samples.value]).toEqual([null, null, null]);
    expect([embeddings.projections.value, gradients.summary.value]).toEqual([[], null]);
    expect([session.epochs.value, session.trainSteps.value]).toEqual([[], []]);
    session.actions.runsLoaded(runs("one", "two"));
    expect([session.runName.value, session.epoch.value]).toEqual(["two", 5]);
    expect([gradients.layer.value, embeddings.chosenBlocks.value]).toEqual(["fc", ["b"]]);
  });
});

it("a link cuts the selection to the run's rows, and keeps it isolated", () => {
  const { session } = createPage();
  session.actions.runsLoaded(runs("one"));
  session.actions.linkOpened({ selected: "r1.6", isolated: "1" });
  session.actions.runLoaded(run("one"));
  expect([[...session.selected.value], session.isolated.value]).toEqual([[1], true]);
});

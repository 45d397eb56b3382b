import { beforeEach, describe, expect, it } from "vitest";
import type { Runs } from "../../src/api/types";
import { projection, run, runs, samplesWith } from "../fixtures";
import { createPage, type Page } from "../page";

let page: Page;
beforeEach(() => {
  page = createPage();
  page.session.actions.runsLoaded(runs("one", "two"));
  page.session.actions.runLoaded(run("one"));
});

describe("runs", () => {
  it("the first one is shown if the link names none", () => {
    expect(page.session.runName.value).toBe("one");
  });

  it("of a link that is not there is replaced, in words", () => {
    const { session } = createPage();
    session.actions.linkOpened({ run: "gone", step: "3" });
    session.actions.runsLoaded(runs("one"));
    expect(session.runName.value).toBe("one");
    expect(session.failure.value).toContain("gone");
  });

  it("that is deleted while shown gives way to another, in words", () => {
    const { session } = page;
    session.actions.runsLoaded(runs("two"));
    expect(session.runName.value).toBe("two");
    expect(session.run.value).toBeNull();
    expect(session.failure.value).toContain("one");
  });

  it("chosen forgets what was known of the last", () => {
    const { session, embeddings } = page;
    embeddings.actions.projectionsLoaded("one", [projection("a", [0])]);
    session.actions.runSelected("two");
    expect(embeddings.projections.value).toEqual([]);
    expect(session.epoch.value).toBeNull();
    expect(session.epochs.value).toEqual([]);
  });

  it("late answers about another run change nothing", () => {
    const { session, embeddings } = page;
    session.actions.runSelected("two");
    session.actions.runLoaded(run("one"));
    session.actions.samplesLoaded("one", samplesWith("writer"));
    embeddings.actions.projectionsLoaded("one", [projection("a", [0])]);
    expect(session.run.value).toBeNull();
    expect(session.samples.value).toBeNull();
    expect(embeddings.projections.value).toEqual([]);
  });

  it("with other samples under the same name starts anew", () => {
    const { session, embeddings, gradients } = page;
    embeddings.actions.projectionsLoaded("one", [projection("a", [0])]);
    gradients.actions.layerChosen("fc");
    session.actions.rowsSelected([1]);
    session.actions.runLoaded(run("one", { probe_version: "other" }));
    expect(embeddings.projections.value).toEqual([]);
    expect(session.selected.value.length).toBe(0);
    expect(session.run.value?.probe_version).toBe("other");
    // What is about the network stays.
    expect(gradients.layer.value).toBe("fc");
  });

  it("that did not change keep their objects, so that nothing is drawn anew", () => {
    const { session } = page;
    const [before, list] = [session.run.value, session.runs.value];
    session.actions.runLoaded(run("one"));
    session.actions.runsLoaded(runs("one", "two"));
    expect(session.run.value).toBe(before);
    expect(session.runs.value).toBe(list);
  });

  it("grow: each part of the page may say that more is known", () => {
    const { session } = page;
    const before = session.nUpdates.value;
    session.actions.runGrew();
    expect(session.nUpdates.value).toBe(before + 1);
  });
});

describe("an exported page", () => {
  const exported: Runs = {
    ...runs("one", "two"),
    exported: { pairs: [["one", "two"]], n_neighbors: 0 },
  };

  it("opens the first screen, the only one that it holds", () => {
    const { session, screens } = createPage();
    session.actions.linkOpened({ screen: "gradients" });
    session.actions.runsLoaded(exported);
    expect(session.screen.value).toBe("embeddings");
    const offered = Object.values(screens).map(({ isOffered }) => isOffered?.() !== false);
    expect(offered).toEqual([true, false, false, false]);
  });

  it("shows two runs side by side as they were exported", () => {
    const { session, embeddings } = page;
    session.actions.runsLoaded(exported);
    embeddings.actions.comparisonChosen("two");
    session.actions.runsLoaded(exported);
    expect(embeddings.comparedName.peek()).toBe("two");
    session.actions.linkOpened({ run: "two", beside: "one" });
    session.actions.runsLoaded(exported);
    expect(embeddings.comparedName.peek()).toBeNull();
    expect(session.failure.peek()).toBe("This exported page does not hold two and one side by side.");
  });
});

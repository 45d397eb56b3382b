import { beforeEach, describe, expect, it } from "vitest";
import { projection, run, runs } from "../fixtures";
import { createPage, type Page } from "../page";

let page: Page;
beforeEach(() => {
  page = createPage();
  page.session.actions.runsLoaded(runs("one", "two"));
  page.session.actions.runLoaded(run("one"));
  load(projection("b", [0, 5]), projection("a", [0, 5, 20]));
});

function load(...layouts: ReturnType<typeof projection>[]) {
  page.embeddings.actions.projectionsLoaded("one", layouts);
}

describe("epochs", () => {
  it("are those of all blocks, blocks in the network's order", () => {
    expect(page.session.epochs.value).toEqual([0, 5, 20]);
    expect(page.embeddings.projections.value.map(({ block }) => block)).toEqual(["a", "b"]);
  });

  it("are those of the blocks that have a view", () => {
    page.embeddings.actions.viewToggled("a");
    expect(page.session.epochs.value).toEqual([0, 5]);
  });

  it("are followed to the newest until another is chosen", () => {
    const { session } = page;
    expect(session.epoch.value).toBe(20);
    load(projection("a", [0, 5, 20, 21]));
    expect(session.epoch.value).toBe(21);
    session.actions.epochChosen(5);
    load(projection("a", [0, 5, 20, 21, 22]));
    expect(session.epoch.value).toBe(5);
    session.actions.epochMoves.last();
    load(projection("a", [0, 5, 20, 21, 22, 30]));
    expect(session.epoch.value).toBe(30);
  });

  it("next and previous go by logged steps and stop at the ends", () => {
    const { epoch, actions } = page.session;
    actions.epochChosen(5);
    actions.epochMoves.next();
    expect(epoch.value).toBe(20);
    actions.epochMoves.next();
    expect(epoch.value).toBe(20);
    actions.epochMoves.first();
    actions.epochMoves.previous();
    expect(epoch.value).toBe(0);
  });

  it("a number between two goes to the nearest", () => {
    page.session.actions.epochChosen(14);
    expect(page.session.epoch.value).toBe(20);
  });

  it("without any nothing moves", () => {
    const { actions, epoch } = createPage().session;
    actions.epochMoves.next();
    actions.epochMoves.last();
    actions.epochChosen(3);
    expect(epoch.value).toBeNull();
  });

  it("playing from the last starts at the first, and choosing an epoch pauses", () => {
    const { playing, epoch, actions } = page.session;
    actions.epochMoves.togglePlaying();
    expect([playing.value, epoch.value]).toEqual([true, 0]);
    actions.epochChosen(5);
    expect(playing.value).toBe(false);
  });

  it("a single epoch does not play", () => {
    const { session, embeddings } = createPage();
    session.actions.runsLoaded(runs("one"));
    session.actions.runLoaded(run("one"));
    embeddings.actions.projectionsLoaded("one", [projection("a", [3])]);
    session.actions.epochMoves.togglePlaying();
    expect(session.playing.value).toBe(false);
  });

  it("a link's epoch is kept while its layout is still to come", () => {
    const { session, embeddings } = createPage();
    session.actions.linkOpened({ run: "one", step: "5" });
    session.actions.runsLoaded(runs("one"));
    session.actions.runLoaded(run("one"));
    embeddings.actions.projectionsLoaded("one", [projection("a", [0], { state: "running" })]);
    expect(session.epoch.value).toBe(5);
    embeddings.actions.projectionsLoaded("one", [projection("a", [0, 5, 20])]);
    expect(session.epoch.value).toBe(5);
  });

  it("speeds other than those offered are refused", () => {
    page.session.actions.speedChosen(1000);
    expect(page.session.speed.value).toBe(2);
  });
});

import { beforeEach, describe, expect, it } from "vitest";
import type { Projection } from "../../../src/screens/embeddings/types";
import { projection, quality, run, runs } from "../../fixtures";
import { createPage, type Page } from "../../page";

let { session, embeddings }: Page = createPage();
beforeEach(() => {
  ({ session, embeddings } = createPage());
  session.actions.runsLoaded(runs("one", "two"));
  session.actions.runLoaded(run("one"));
});

describe("layouts", () => {
  const shown = () => embeddings.projections.value.map(({ id }) => id);
  const fresh = (changes: Partial<Projection>) => projection("a", [], { id: "new", ...changes });
  const load = (...layouts: Projection[]) => embeddings.actions.projectionsLoaded("one", layouts);
  beforeEach(() => load(projection("a", [0, 5])));

  it("of three samples and fewer have no figures: nothing can be ranked", () => {
    const figures = [quality(0, { trustworthiness: 0, preservation: 1, movement: 2 })];
    load(projection("a", [0], { quality: figures }));
    expect(embeddings.projections.value[0].quality[0].trustworthiness).toBe(0);
    session.actions.runLoaded(run("one", { n_samples: 3 }));
    load(projection("a", [0], { quality: figures }));
    const { trustworthiness, preservation, movement } = embeddings.projections.value[0].quality[0];
    expect([trustworthiness, preservation, movement]).toEqual([null, null, null]);
  });

  it("stay on the screen until the next one has positions", () => {
    load(fresh({ state: "running" }));
    expect([shown(), embeddings.computing.value]).toEqual([["id-a"], true]);
    expect(embeddings.newest.value.map(({ id }) => id)).toEqual(["new"]);
    load(fresh({ steps: [0], revisions: [1] }));
    expect([shown(), embeddings.successors.value]).toEqual([["new"], {}]);
  });

  it("stay on the screen if the next one fails, and the failure is known", () => {
    load(fresh({ state: "failed", message: "too few samples" }));
    expect(shown()).toEqual(["id-a"]);
    expect(embeddings.newest.value[0].message).toBe("too few samples");
    expect(embeddings.computing.value).toBe(false);
  });

  it("for all blocks take the place of a block's own", () => {
    embeddings.actions.layoutChosen("a", { n_neighbors: 5, min_dist: 0.1 });
    expect(embeddings.settings.value).toEqual({ a: { n_neighbors: 5 } });
    embeddings.actions.layoutChosen("", { min_dist: 0.4 });
    expect(embeddings.settings.value).toEqual({ "": { min_dist: 0.4 } });
  });

  it("go back to the previous setting, and forth", () => {
    embeddings.actions.layoutChosen("", { n_neighbors: 5 });
    embeddings.actions.layoutChosen("", { n_neighbors: 30 });
    embeddings.actions.previousLayout();
    expect(embeddings.settings.value).toEqual({ "": { n_neighbors: 5 } });
    embeddings.actions.previousLayout();
    expect(embeddings.settings.value).toEqual({ "": { n_neighbors: 30 } });
  });

  it("asked for again as they are, are asked for again: they may have been cancelled", () => {
    const before = embeddings.nRequests.value;
    embeddings.actions.layoutChosen("", {});
    expect(embeddings.nRequests.value).toBe(before + 1);
  });

  it("that are finished leave their figures, one entry for each block and setting", () => {
    const figures = [quality(0), quality(5, { trustworthiness: 0.8, preservation: 0.7, movement: 0.2 })];
    for (let i = 0; i < 2; i++) load(projection("a", [0, 5], { quality: figures }));
    expect(embeddings.tried.value.length).toBe(1);
    expect(embeddings.tried.value[0].trustworthiness).toBeCloseTo(0.85, 9);
    expect(embeddings.tried.value[0].movement).toBe(0.2);
  });
});

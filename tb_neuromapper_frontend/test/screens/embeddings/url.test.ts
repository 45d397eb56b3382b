import { beforeEach, expect, it } from "vitest";
import { runs } from "../../fixtures";
import { createPage, type Page } from "../../page";

let { session, embeddings }: Page = createPage();
beforeEach(() => {
  ({ session, embeddings } = createPage());
});

it("a link says which views there are, how they lie and how the layouts are made", () => {
  session.actions.linkOpened({
    views: "a%2Cb,c%2F%C3%A9,d",
    large: "c/é",
    linked: "1",
    cameras: "a%2Cb,0.25_-0.5_2.5_30_1",
    layout: "%3D,n_neighbors%3A30%20metric%3Acosine,%3Da%2Cb,min_dist%3A0.5",
    samples: "500_7_1",
  });
  expect(embeddings.chosenBlocks.value).toEqual(["a,b", "c/é", "d"]);
  expect([embeddings.enlarged.value, embeddings.linked.value]).toEqual(["c/é", true]);
  expect(embeddings.cameras.value).toEqual({
    "a,b": { x: 0.25, y: -0.5, zoom: 2.5, rotation: 30, mirrored: true },
  });
  expect(embeddings.settings.value).toEqual({
    "": { n_neighbors: 30, metric: "cosine" },
    "a,b": { min_dist: 0.5 },
  });
  expect(embeddings.sampling.value).toEqual({ size: 500, seed: 7, stratified: true });
});

it("a link says how the points look and what their colours are", () => {
  session.actions.linkOpened({
    color: "metadata:writer & co",
    fade: "1",
    contours: "class",
    regions: "1",
    size: "1.4",
    opacity: "0.25",
  });
  expect([embeddings.colorBy.value, embeddings.fading.value]).toEqual(["metadata:writer & co", true]);
  expect(embeddings.appearance.value).toEqual({ contours: "class", regions: true, size: 1.4, opacity: 0.25 });
});

it("a link says which run is beside the first", () => {
  session.actions.linkOpened({ run: "one", beside: "two" });
  session.actions.runsLoaded(runs("one", "two"));
  expect(embeddings.names.value).toEqual({ run: "one", comparedName: "two" });
});

it("what a link does not name is at its default again", () => {
  session.actions.linkOpened({
    color: "loss",
    fade: "1",
    size: "2",
    views: "a",
    large: "a",
    linked: "1",
    cameras: "a,1_0_1_0_0",
    layout: "%3D,n_neighbors%3A30",
    samples: "5_0_0",
    beside: "two",
  });
  session.actions.linkOpened({});
  const { colorBy, fading, appearance, chosenBlocks, enlarged, linked, comparedName } = embeddings;
  expect([colorBy.value, fading.value, appearance.value.size, linked.value]).toEqual([
    "label",
    false,
    1,
    false,
  ]);
  expect([chosenBlocks.value, enlarged.value, comparedName.value]).toEqual([null, null, null]);
  expect([embeddings.cameras.value, embeddings.settings.value]).toEqual([{}, {}]);
  expect(embeddings.sampling.value.size).toBeNull();
});

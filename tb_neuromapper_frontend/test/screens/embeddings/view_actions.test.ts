import { beforeEach, describe, expect, it } from "vitest";
import { NO_ROWS } from "../../../src/session/selection";
import { projection, run, runs } from "../../fixtures";
import { createPage, type Page } from "../../page";

let { session, embeddings }: Page = createPage();
beforeEach(() => {
  ({ session, embeddings } = createPage());
  session.actions.runsLoaded(runs("one", "two"));
  session.actions.runLoaded(run("one"));
});

describe("views", () => {
  it("hide, come back at their place in the network, and the last one stays", () => {
    embeddings.actions.viewToggled("a");
    expect(embeddings.views.value).toEqual(["b"]);
    embeddings.actions.viewToggled("b");
    expect(embeddings.views.value).toEqual(["b"]);
    embeddings.actions.viewToggled("a");
    expect(embeddings.views.value).toEqual(["a", "b"]);
    expect(embeddings.chosenBlocks.value).toBeNull();
  });

  it("change places with their neighbours", () => {
    embeddings.actions.viewMoved("a", 1);
    expect(embeddings.views.value).toEqual(["b", "a"]);
    embeddings.actions.viewMoved("a", 1);
    expect(embeddings.views.value).toEqual(["b", "a"]);
    embeddings.actions.allViews();
    expect(embeddings.views.value).toEqual(["a", "b"]);
  });

  it("an enlarged one is alone on the screen until it is made small again", () => {
    embeddings.actions.enlargeToggled("b");
    expect(embeddings.panels.value).toEqual(["b"]);
    embeddings.actions.enlargeToggled("b");
    expect(embeddings.panels.value).toEqual(["a", "b"]);
  });

  it("turn by 30 degrees and come round, mirror, and reset", () => {
    for (let i = 0; i < 12; i++) embeddings.actions.viewRotated("a");
    expect(embeddings.cameras.value.a.rotation).toBe(0);
    embeddings.actions.viewMirrored("a");
    expect(embeddings.cameras.value.a.mirrored).toBe(true);
    embeddings.actions.camerasReset("a");
    expect(embeddings.cameras.value).toEqual({});
  });

  it("move together if they are linked", () => {
    embeddings.actions.linkToggled();
    embeddings.actions.viewRotated("a");
    expect(embeddings.cameras.value.b.rotation).toBe(30);
  });
});

it("the views are not settled from the moment on that another epoch is chosen", () => {
  embeddings.actions.projectionsLoaded("one", [projection("a", [0, 5, 20])]);
  embeddings.actions.settledChanged(true);
  expect(embeddings.settled.value).toBe(true);
  session.actions.epochChosen(5);
  expect(embeddings.settled.value).toBe(false);
  embeddings.actions.settledChanged(true);
  expect(embeddings.settled.value).toBe(true);
  embeddings.actions.settledChanged(false);
  expect(embeddings.settled.value).toBe(false);
});

it("Escape goes back to panning first, then to all views, then to no selection", () => {
  session.actions.rowsSelected([1]);
  session.actions.isolateToggled();
  embeddings.actions.toolChosen("lasso");
  embeddings.actions.enlargeToggled("a");
  const seen = () => [
    embeddings.tool.value,
    embeddings.enlarged.value,
    session.selected.value.length,
    session.isolated.value,
  ];
  embeddings.actions.escaped();
  expect(seen()).toEqual(["pan", "a", 1, true]);
  embeddings.actions.escaped();
  expect(seen()).toEqual(["pan", null, 1, true]);
  embeddings.actions.escaped();
  expect(session.selected.value).toEqual(NO_ROWS);
  expect(session.isolated.value).toBe(false);
});

it("a tool that is chosen again goes back to panning", () => {
  embeddings.actions.toolChosen("box");
  expect(embeddings.tool.value).toBe("box");
  embeddings.actions.toolChosen("box");
  expect(embeddings.tool.value).toBe("pan");
});

it("no sample is hovered over when another screen opens", () => {
  embeddings.actions.hovered({ row: 1, block: "a", x: 0, y: 0 });
  session.actions.screenChosen("gradients");
  expect(embeddings.hover.value).toBeNull();
});

it("colours of a metadata column have classes of their own: what is hidden comes back", () => {
  session.actions.classToggled(1);
  embeddings.actions.colorChosen("predicted");
  expect([...session.hiddenClasses.value]).toEqual([1]);
  embeddings.actions.colorChosen("metadata:writer");
  expect(session.hiddenClasses.value.size).toBe(0);
});

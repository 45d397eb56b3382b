import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Frame } from "../src/api/frame";
import { pageStateOf } from "../src/app";
import type { PositionCache } from "../src/screens/embeddings/state/positions";
import { gradientsOf, projection, run, runs } from "./fixtures";
import { createPage, type Page, SILENT } from "./page";

const made = vi.hoisted(() => ({ cache: null as PositionCache | null }));
// The views ask for the positions, and nothing is drawn here.
vi.mock("../src/screens/embeddings/state/positions", async (importOriginal) => {
  const original = await importOriginal<typeof import("../src/screens/embeddings/state/positions")>();
  const createPositionCache: typeof original.createPositionCache = (...parts) => {
    made.cache = original.createPositionCache(...parts);
    return made.cache;
  };
  return { ...original, createPositionCache };
});

const FRAME: Frame = {
  attributes: { extents: { "id-a": [0, 0, 1, 1] }, revisions: { "id-a": 1 } },
  arrays: new Map([["id-a", { shape: [4, 2], data: new Uint16Array(8) }]]),
};

let page: Page;
beforeEach(() => {
  page = createPage({ ...SILENT, frame: async () => FRAME });
  page.session.actions.runsLoaded(runs("one", "two"));
  page.session.actions.runLoaded(run("one"));
});

describe("the page's state", () => {
  it("is loading, then ready", async () => {
    expect(pageStateOf(page.session)).toBe("loading");
    made.cache?.want([projection("a", [0])], 0);
    await vi.waitFor(() => expect(pageStateOf(page.session)).toBe("ready"));
  });

  it("is empty without runs, an error without a server at the start", () => {
    const { session } = createPage();
    expect(pageStateOf(session)).toBe("loading");
    session.actions.serverLost("nobody there");
    expect(pageStateOf(session)).toBe("error");
    session.actions.serverAnswered();
    session.actions.runsLoaded(runs());
    expect(pageStateOf(session)).toBe("empty");
  });

  it("is an error if every layout failed, and not if one did", () => {
    const { session, embeddings } = page;
    embeddings.actions.projectionsLoaded("one", [projection("a", [], { state: "failed" })]);
    expect(pageStateOf(session)).toBe("error");
    embeddings.actions.projectionsLoaded("one", [projection("b", [])]);
    expect(pageStateOf(session)).toBe("loading");
  });

  it("is an error where nothing can be drawn, on the screen that draws points alone", () => {
    const { session, embeddings } = page;
    embeddings.actions.drawingImpossible();
    expect(pageStateOf(session)).toBe("error");
    session.actions.screenChosen("playground");
    expect(pageStateOf(session)).toBe("ready");
  });

  it("is that of the gradients on their screen", () => {
    const { session, gradients } = page;
    session.actions.screenChosen("gradients");
    expect(pageStateOf(session)).toBe("loading");
    gradients.actions.gradientsLoaded(gradientsOf([0, 50]));
    expect(pageStateOf(session)).toBe("loading");
    gradients.actions.frameArrived();
    expect(pageStateOf(session)).toBe("ready");
    gradients.actions.gradientsLoaded(gradientsOf([]));
    expect(pageStateOf(session)).toBe("empty");
  });

  it("is that of the scalars on their screen, whether or not a run has our records", () => {
    const { session, scalars } = page;
    session.actions.screenChosen("scalars");
    session.actions.runsLoaded(runs());
    expect(pageStateOf(session)).toBe("loading");
    scalars.actions.scalarsLoaded({ runs: { plain: {} } });
    expect(pageStateOf(session)).toBe("empty");
    const info = { last_step: 1, last_wall_time: 1, axis: null };
    scalars.actions.scalarsLoaded({ runs: { plain: { loss: info } } });
    expect(pageStateOf(session)).toBe("ready");
  });
});

describe("the page is settled", () => {
  it("on each screen by what that shows", () => {
    const { screens, session, playground } = page;
    expect(Object.values(screens).map((screen) => screen.settled())).toEqual([false, false, false, false]);
    session.actions.runsLoaded({ ...runs("one"), playground: false });
    expect(screens.playground.settled()).toBe(true);
    session.actions.runsLoaded({ ...runs("one"), playground: true });
    expect(screens.playground.settled()).toBe(false);
    const limits = { max_running: 1, time_s: 1, memory_bytes: 1 };
    playground.actions.formLoaded({ why_not: "", fields: [], data_sets: {}, limits });
    expect(screens.playground.settled()).toBe(true);
  });
});

import { beforeEach, describe, expect, it } from "vitest";
import { ApiError } from "../../../src/api/errors";
import { openEmbeddings } from "../../../src/screens/embeddings";
import { createEmbeddingsApi } from "../../../src/screens/embeddings/api";
import { cancelLayouts } from "../../../src/screens/embeddings/state/layouts";
import { createSession } from "../../../src/session";
import { projection, run, runs } from "../../fixtures";
import { recordRequests } from "../../requests";

function open() {
  const { transport, of, settle } = recordRequests();
  const session = createSession();
  const { poll, state: embeddings, ...screen } = openEmbeddings(session, transport);
  if (!poll) throw new Error("The screen asks for nothing.");
  session.install([{ name: "embeddings", title: "", poll, ...screen }], []);
  const ask = (known = Promise.resolve()) => poll.ask("one", known, new AbortController().signal);
  const api = createEmbeddingsApi(transport);
  return { session, embeddings, poll, of, settle, ask, api };
}

let { session, embeddings, poll, of, settle, ask, api }: ReturnType<typeof open> = open();
beforeEach(() => {
  ({ session, embeddings, poll, of, settle, ask, api } = open());
  session.actions.runsLoaded(runs("one", "two"));
  session.actions.runLoaded(run("one"));
});

/** Asks, and answers what is asked for. */
async function round(...layouts: ReturnType<typeof projection>[]) {
  const done = ask();
  await settle();
  const requests = of("projections");
  for (const request of requests) await request.answer({ projections: layouts });
  await done;
  return requests.map(({ query }) => query);
}

describe("the layouts of a run", () => {
  it("are started when the run is known, the displayed epoch first; what was cancelled stays so", async () => {
    let tell = () => {};
    const known = new Promise<void>((resolve) => {
      tell = resolve;
    });
    const done = ask(known);
    await settle();
    expect(of("projections")).toEqual([]);
    session.epoch.value = 5;
    tell();
    await settle();
    const [request] = of("projections");
    expect(request.query).toEqual({
      run: "one",
      focus: 5,
      unless_cancelled: true,
      blocks: ["a", "b"],
      parameters: {},
    });
    await request.answer({ projections: [projection("a", [0])] });
    await done;
    expect(embeddings.projections.value.map(({ id }) => id)).toEqual(["id-a"]);
  });

  it("are not asked for without epochs", async () => {
    session.actions.runLoaded(run("one", { steps: [] }));
    expect(await round()).toEqual([]);
  });

  it("are asked for by block where the blocks differ in their parameters", async () => {
    embeddings.actions.layoutChosen("b", { n_neighbors: 5 });
    const asked = await round(projection("a", [0]));
    expect(asked).toMatchObject([
      { blocks: ["a"], parameters: {} },
      { blocks: ["b"], parameters: { n_neighbors: 5 } },
    ]);
    // The user asked for it: what was cancelled is taken up again.
    expect(asked[0]).not.toHaveProperty("unless_cancelled");
  });

  it("are asked how far they are while they are computed, and then no more", async () => {
    await round(projection("a", [0], { state: "running" }));
    expect(poll.isBusy?.()).toBe(true);
    expect(await round(projection("a", [0, 5]))).toEqual([{ ids: "id-a" }]);
    expect(poll.isBusy?.()).toBe(false);
    expect(await round()).toEqual([]);
  });

  it("are started anew when the run grows, but not for more gradients", async () => {
    await round(projection("a", [0]));
    const [one, two] = runs("one", "two").runs;
    const gradients = { n_steps: 1, version: "x" };
    session.actions.runsLoaded({ ...runs(), runs: [{ ...one, gradients }, two] });
    expect(await round()).toEqual([]);
    session.actions.runsLoaded({ ...runs(), runs: [{ ...one, gradients, steps: [0, 5] }, two] });
    expect(await round(projection("a", [0, 5]))).toMatchObject([{ run: "one", unless_cancelled: true }]);
  });

  it("are started anew by a server that does not know them, and when everything is asked for anew", async () => {
    await round(projection("a", [0], { state: "running" }));
    const done = ask();
    await settle();
    await of("projections")[0].fail(new ApiError("refused", "no such projection"));
    const [again] = of("projections");
    expect(again.query).toMatchObject({ run: "one", unless_cancelled: true });
    await again.answer({ projections: [projection("a", [0])] });
    await done;
    poll.reset();
    expect(await round(projection("a", [0]))).toMatchObject([{ run: "one" }]);
  });

  it("of two runs are in one space, and asked for again when they are done", async () => {
    embeddings.actions.comparisonChosen("two");
    const pair = { runs: ["one", "two"] as [string, string] };
    const running = projection("a", [0], { ...pair, state: "running" });
    const start = [{ runs: ["one", "two"] }];
    expect(await round(running)).toMatchObject(start);
    expect(await round(running)).toMatchObject(start);
    expect(await round(projection("a", [0], pair))).toEqual([{ ids: "id-a" }]);
    // Either may have grown meanwhile.
    expect(await round(projection("a", [0], pair))).toMatchObject(start);
    expect(await round()).toEqual([]);
  });

  it("are stopped on demand, and taken up again on demand alone", async () => {
    await round(projection("a", [0], { state: "running" }));
    const done = cancelLayouts(session, embeddings, api);
    const [request] = of("cancel");
    expect(request.query).toEqual({ ids: ["id-a"] });
    await request.answer({ projections: [projection("a", [0], { state: "cancelled" })] });
    await done;
    expect(await round()).toEqual([]);
    embeddings.actions.layoutRequested();
    const asked = await round(projection("a", [0]));
    expect(asked.length).toBe(1);
    expect(asked[0]).not.toHaveProperty("unless_cancelled");
  });
});

it("a link's run beside, which may be any, needs the list of runs", () => {
  expect(poll.needsRuns?.()).toBe(false);
  session.actions.linkOpened({ beside: "gone" });
  session.unusedOfLink.value = null;
  embeddings.comparedName.value = "gone";
  expect(poll.needsRuns?.()).toBe(true);
});

import { beforeEach, describe, expect, it } from "vitest";
import { ApiError } from "../../../src/api/errors";
import { projection, run, runs, samplesWith } from "../../fixtures";
import { createPage, type Page } from "../../page";
import { recordRequests } from "../../requests";

let { of, transport } = recordRequests();
let { session, embeddings }: Page = createPage();

beforeEach(() => {
  ({ of, transport } = recordRequests());
  ({ session, embeddings } = createPage(transport));
  session.actions.serverAnswered();
  session.actions.runsLoaded(runs("one", "two"));
  session.actions.runLoaded(run("one", { outcome_steps: [0, 5] }));
  embeddings.actions.projectionsLoaded("one", [projection("a", [0, 5, 20]), projection("b", [0, 5, 20])]);
});

/** The views rest at an epoch. */
function restAt(epoch: number) {
  session.actions.epochChosen(epoch);
  embeddings.actions.settledChanged(true);
}

const OUTCOMES = {
  attributes: {},
  arrays: new Map([["predicted", { shape: [4], data: Int32Array.of(0, 1, 2, 0) }]]),
};

describe("the outcomes of the current epoch", () => {
  it("are asked for when the views rest, and kept", async () => {
    session.actions.epochChosen(5);
    expect(of("outcomes")).toEqual([]);
    embeddings.actions.settledChanged(true);
    const [request] = of("outcomes");
    expect(request.query).toEqual({ run: "one", step: 5 });
    await request.answer(OUTCOMES);
    expect(embeddings.outcomes.value?.step).toBe(5);
    restAt(0);
    await of("outcomes")[0].answer(OUTCOMES);
    restAt(5);
    expect(of("outcomes")).toEqual([]);
    expect(embeddings.outcomes.value?.step).toBe(5);
  });

  it("are asked for at once if the views need them, and not where none are logged", () => {
    embeddings.actions.colorChosen("predicted");
    session.actions.epochChosen(5);
    expect(of("outcomes").length).toBe(1);
    session.actions.epochChosen(20);
    expect(of("outcomes")).toEqual([]);
  });

  it("that come when the cursor has gone on are not shown", async () => {
    restAt(5);
    const [request] = of("outcomes");
    session.actions.epochChosen(20);
    await request.answer(OUTCOMES);
    expect(embeddings.outcomes.value).toBeNull();
  });

  it("that the server refuses are told", async () => {
    restAt(5);
    await of("outcomes")[0].fail(new ApiError("refused", "the file is damaged."));
    expect(session.failure.value).toBe("the file is damaged.");
  });
});

describe("the run beside the first", () => {
  const samples = (ids: number[]) => ({ attributes: { ids, metadata: {} }, arrays: new Map() });

  it("is asked for when the first one's samples are known, again when it has grown", async () => {
    embeddings.actions.comparisonChosen("two");
    expect(of("run")).toEqual([]);
    session.actions.samplesLoaded("one", { ...samplesWith("writer"), ids: [7, 8] });
    await of("run")[0].answer(run("two", { outcome_steps: [0] }));
    await of("samples")[0].answer(samples([8, 9]));
    expect([...(embeddings.comparedRun.value?.rows ?? [])]).toEqual([-1, 0]);
    const [one, two] = runs("one", "two").runs;
    session.actions.runsLoaded({ ...runs(), runs: [one, { ...two, steps: [0] }] });
    expect(of("run").length).toBe(1);
  });

  it("has outcomes in the first one's rows", async () => {
    embeddings.actions.comparisonChosen("two");
    session.actions.samplesLoaded("one", { ...samplesWith("writer"), ids: [7, 8] });
    await of("run")[0].answer(run("two", { outcome_steps: [5] }));
    await of("samples")[0].answer(samples([8, 9]));
    embeddings.actions.projectionsLoaded("one", [projection("a", [0, 5], { runs: ["one", "two"] })]);
    restAt(5);
    const [first, second] = of("outcomes");
    expect([first.query.run, second.query.run]).toEqual(["one", "two"]);
    await second.answer(OUTCOMES);
    expect([...(embeddings.comparedOutcomes.value?.predicted ?? [])]).toEqual([-1, 0]);
  });

  it("is forgotten when another is chosen, and its late answer is not taken", async () => {
    embeddings.actions.comparisonChosen("two");
    session.actions.samplesLoaded("one", { ...samplesWith("writer"), ids: [7] });
    const [request] = of("run");
    embeddings.actions.comparisonChosen(null);
    await request.answer(run("two"));
    await of("samples")[0].answer(samples([7]));
    expect(embeddings.comparedRun.value).toBeNull();
  });
});

describe("the nearest samples of the pinned one", () => {
  const found = { rows: [1, 2], distances: [0.5, 1] };

  it("are asked for in every view when these rest, and given up when they move", async () => {
    session.actions.pinToggled(3);
    expect(of("neighbors")).toEqual([]);
    restAt(5);
    const requests = of("neighbors");
    expect(requests.map(({ query }) => [query.block, query.row, query.step, query.metric])).toEqual([
      ["a", 3, 5, "euclidean"],
      ["b", 3, 5, "euclidean"],
    ]);
    embeddings.actions.settledChanged(false);
    expect(requests.map(({ signal }) => signal?.aborted)).toEqual([true, true]);
    for (const request of requests) await request.answer(found);
    expect(embeddings.nearest.value).toBeNull();
  });

  it("say of each block what went wrong, and are asked for again then", async () => {
    session.actions.pinToggled(3);
    restAt(5);
    const [first, second] = of("neighbors");
    await first.answer(found);
    await second.fail(new ApiError("broken", "odd"));
    expect(embeddings.nearest.value?.blocks.map(({ error }) => error)).toEqual(["", "odd"]);
    restAt(0);
    for (const request of of("neighbors")) await request.answer(found);
    restAt(5);
    const again = of("neighbors");
    expect(again.length).toBe(2);
    for (const request of again) await request.answer(found);
    restAt(0);
    expect(of("neighbors")).toEqual([]);
    expect(embeddings.nearest.value?.step).toBe(0);
    session.actions.pinToggled(null);
    expect(embeddings.nearest.value).toBeNull();
  });
});

describe("misrepresented samples", () => {
  const shares = (id: string) => ({
    attributes: { revisions: { [id]: 1 } },
    arrays: new Map([[id, { shape: [4], data: new Uint8Array(4) }]]),
  });

  it("are asked for while they are to fade, of the finished layouts", async () => {
    restAt(5);
    expect(of("preservation")).toEqual([]);
    embeddings.actions.fadingToggled();
    const [request] = of("preservation");
    expect(request.query).toEqual({ ids: "id-a,id-b", step: 5, v: "1,1" });
    await request.answer(shares("id-a"));
    expect(Object.keys(embeddings.preservation.value)).toEqual(["id-a"]);
  });

  it("that are not known fade nothing, and are not asked for again and again", async () => {
    restAt(5);
    embeddings.actions.fadingToggled();
    await of("preservation")[0].fail(new ApiError("refused", "too few samples"));
    expect([embeddings.preservation.value, session.failure.value]).toEqual([{}, ""]);
    embeddings.actions.fadingToggled();
    embeddings.actions.fadingToggled();
    expect(of("preservation")).toEqual([]);
  });
});

import { describe, expect, it } from "vitest";
import { ApiError } from "../../../src/api/errors";
import type { EmbeddingsApi, WantedPositions } from "../../../src/screens/embeddings/api";
import { missingAt, stepsByDistance } from "../../../src/screens/embeddings/state/position_requests";
import { createPositionCache } from "../../../src/screens/embeddings/state/positions";
import type { Positions, Projection } from "../../../src/screens/embeddings/types";

interface Asked extends WantedPositions {
  answer(change?: Partial<Positions>): Promise<void>;
  fail(error: ApiError): Promise<void>;
}

/** A cache whose requests wait until the test answers them. */
function setUp() {
  const asked: Asked[] = [];
  const heard = { arrivals: 0, failures: [] as string[] };
  const settle = () => new Promise<void>((resolve) => setTimeout(resolve));
  const positions: EmbeddingsApi["positions"] = (wanted) =>
    new Promise((resolve, reject) => {
      const slices = (change: Partial<Positions>) =>
        wanted.ids.map((id, i) => ({
          id,
          revision: wanted.revisions[i],
          extent: [0, 0, 1, 1] as Positions["extent"],
          xy: new Uint16Array(2),
          ...change,
        }));
      asked.push({
        ...wanted,
        answer: (change = {}) => {
          resolve(slices(change));
          return settle();
        },
        fail: (error) => {
          reject(error);
          return settle();
        },
      });
    });
  const cache = createPositionCache(
    { positions } as EmbeddingsApi,
    () => {
      heard.arrivals += 1;
    },
    (sentence) => heard.failures.push(sentence),
  );
  return { cache, asked, heard };
}

function projection(revision: number, steps = [0, 1, 2, 3], changes: Partial<Projection> = {}): Projection {
  const base = { id: "a", block: "a", state: "done", steps, revisions: steps.map(() => revision) };
  return { ...base, ...changes } as unknown as Projection;
}

it("fetches the shown epoch first, three at a time, each revision once", async () => {
  const { cache, asked, heard } = setUp();
  cache.want([projection(1)], 2);
  expect(asked.map(({ step }) => step)).toEqual([2, 3, 1]);
  for (const request of asked.slice()) await request.answer();
  await asked[3].answer();
  cache.want([projection(1)], 0);
  expect(asked.length).toBe(4);
  expect([heard.arrivals, cache.nSlices]).toEqual([4, 4]);
});

it("fetches a new revision and lets go of the old slice", async () => {
  const { cache, asked } = setUp();
  cache.want([projection(1, [0])], 0);
  await asked[0].answer();
  const old = cache.peek("a", 0);
  cache.want([projection(2, [0])], 0);
  expect(cache.isCurrent(projection(2, [0]), 0)).toBe(false);
  await asked[1].answer();
  expect(cache.isCurrent(projection(2, [0]), 0)).toBe(true);
  expect(old && cache.keeps(old)).toBe(false);
});

it("takes positions that are ahead of the manifest for current", async () => {
  const { cache, asked } = setUp();
  cache.want([projection(1, [0])], 0);
  await asked[0].answer({ revision: 5 });
  expect(cache.isCurrent(projection(1, [0]), 0)).toBe(true);
  expect(asked.length).toBe(1);
});

it("stops asking for what fails again and again, says why, and asks again when told to", async () => {
  const { cache, asked, heard } = setUp();
  cache.want([projection(1, [0])], 0);
  for (let i = 0; i < 3; i++) {
    expect(heard.failures).toEqual([]);
    await asked[i].fail(new ApiError("refused", "no such step"));
  }
  expect([asked.length, heard.failures]).toEqual([3, ["no such step"]]);
  cache.retry();
  expect(asked.length).toBe(4);
});

it("does not ask for ever for a revision that the server does not have", async () => {
  const { cache, asked } = setUp();
  cache.want([projection(3, [0])], 0);
  for (let i = 0; i < asked.length && i < 10; i++) await asked[i].answer({ revision: 2 });
  expect(asked.length).toBe(3);
  expect(cache.peek("a", 0)).toBeDefined();
});

it("of an unreachable server it says nothing: the page does", async () => {
  const { cache, asked, heard } = setUp();
  cache.want([projection(1, [0])], 0);
  await asked[0].fail(new ApiError("offline", "nobody there"));
  expect(heard.failures).toEqual([]);
});

it("does not keep what arrives after another run was chosen", async () => {
  const { cache, asked, heard } = setUp();
  cache.want([projection(1, [0])], 0);
  cache.clear();
  await asked[0].answer();
  expect([cache.nSlices, heard.arrivals]).toEqual([0, 0]);
});

it("forgets everything for another run", async () => {
  const { cache, asked } = setUp();
  cache.want([projection(1, [0])], 0);
  await asked[0].answer();
  cache.clear();
  expect([cache.nSlices, cache.peek("a", 0)]).toEqual([0, undefined]);
});

describe("what to fetch", () => {
  const layout = (block: string, steps: number[], changes: Partial<Projection> = {}) =>
    projection(1, steps, { id: `id-${block}`, block, ...changes });

  it("starts at the shown epoch and goes outwards", () => {
    expect(stepsByDistance([layout("a", [0, 5, 20]), layout("b", [6])], 5)).toEqual([5, 6, 0, 20]);
  });

  it("is only the near epochs while a layout changes", () => {
    const steps = Array.from({ length: 40 }, (_, index) => index);
    expect(stepsByDistance([layout("a", steps, { state: "running" })], 39)).toEqual([39, 38, 37, 36, 35]);
  });

  it("names only the blocks whose positions are old", () => {
    const both = [layout("a", [0, 5]), layout("b", [5])];
    expect(missingAt(both, 5, ({ block }) => block === "a")).toEqual({
      step: 5,
      ids: ["id-b"],
      revisions: [1],
    });
  });
});

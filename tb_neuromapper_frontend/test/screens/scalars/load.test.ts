import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Api } from "../../../src/api/client";
import type { Runs } from "../../../src/api/types";
import { keepScalars } from "../../../src/screens/scalars/state/load";
import type { ScalarIndex } from "../../../src/screens/scalars/types";
import { createStore, type Store } from "../../../src/session/state";
import { fromParams } from "../../../src/session/url";

const RUNS: Runs = { log_dir: "", version: "0", runs: [], other_runs: [] };
const EXPORTED: Runs = { ...RUNS, exported: { pairs: [], n_neighbors: 0 } };

let store: Store;
/** One function for each question that has no answer yet. */
let answers: ((index: ScalarIndex) => void)[];
beforeEach(() => {
  vi.useFakeTimers();
  store = createStore();
  answers = [];
  const scalars = () => new Promise<ScalarIndex>((resolve) => answers.push(resolve));
  keepScalars(store, { scalars } as Api, () => true);
});
afterEach(() => {
  vi.useRealTimers();
});

const answer = async () => {
  answers.at(-1)?.({ runs: {} });
  await vi.advanceTimersByTimeAsync(60_000);
};

describe("the list of scalars", () => {
  it("is asked for again and again while its screen is open", async () => {
    store.actions.runsLoaded(RUNS);
    store.actions.screenChosen("scalars");
    expect(answers.length).toBe(1);
    await answer();
    expect(answers.length).toBe(2);
    await answer();
    expect(answers.length).toBe(3);
  });

  it("is not asked for again if the screen was left before the answer came", async () => {
    store.actions.runsLoaded(RUNS);
    store.actions.screenChosen("scalars");
    store.actions.screenChosen("embeddings");
    await answer();
    expect(answers.length).toBe(1);
  });

  it("is not asked for in an exported page, whatever its link says", async () => {
    const link = fromParams({ screen: "scalars" });
    store.actions.urlOpened(link);
    store.actions.runsLoaded(EXPORTED);
    expect(store.screen.peek()).toBe("embeddings");
    store.actions.urlOpened(link);
    expect(store.screen.peek()).toBe("embeddings");
    await answer();
    expect(answers.length).toBe(0);
  });
});

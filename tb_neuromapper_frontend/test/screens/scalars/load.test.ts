import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Runs } from "../../../src/api/types";
import { syncScalars } from "../../../src/screens/scalars/state/load";
import type { ScalarIndex } from "../../../src/screens/scalars/types";
import { runs } from "../../fixtures";
import { createPage, type Page } from "../../page";

const EXPORTED: Runs = { ...runs(), exported: { pairs: [], n_neighbors: 0 } };

let { session, scalars }: Page = createPage();
/** One function for each question that has no answer yet. */
let answers: ((index: ScalarIndex) => void)[];
beforeEach(() => {
  vi.useFakeTimers();
  ({ session, scalars } = createPage());
  answers = [];
  const ask = () => new Promise<ScalarIndex>((resolve) => answers.push(resolve));
  const series = () => new Promise<never>(() => {});
  syncScalars(session, scalars, { scalars: ask, series }, () => true);
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
    session.actions.runsLoaded(runs());
    session.actions.screenChosen("scalars");
    expect(answers.length).toBe(1);
    await answer();
    expect(answers.length).toBe(2);
    await answer();
    expect(answers.length).toBe(3);
  });

  it("is not asked for again if the screen was left before the answer came", async () => {
    session.actions.runsLoaded(runs());
    session.actions.screenChosen("scalars");
    session.actions.screenChosen("embeddings");
    await answer();
    expect(answers.length).toBe(1);
  });

  it("is not asked for in an exported page, whatever its link says", async () => {
    const link = { screen: "scalars" };
    session.actions.linkOpened(link);
    session.actions.runsLoaded(EXPORTED);
    expect(session.screen.peek()).toBe("embeddings");
    session.actions.linkOpened(link);
    expect(session.screen.peek()).toBe("embeddings");
    await answer();
    expect(answers.length).toBe(0);
  });
});

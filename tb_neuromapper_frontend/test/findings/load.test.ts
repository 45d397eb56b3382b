import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Query } from "../../src/api/transport";
import { finding, gradientsOf, reportOf, runs } from "../fixtures";
import { createPage, type Page, SILENT } from "../page";

let page: Page;
let asked: Query[];
let signals: (AbortSignal | undefined)[];
beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  signals = [];
  page = createPage({
    ...SILENT,
    json: async (path, query, signal) => {
      if (path !== "findings") return new Promise(() => {});
      asked.push(query);
      signals.push(signal);
      return reportOf([finding()]);
    },
  });
  page.session.actions.runsLoaded(runs("one", "two"));
});
afterEach(() => {
  vi.useRealTimers();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

it("findings are asked for while a screen shows them", async () => {
  await pass(10_000);
  expect(asked).toEqual([]);
  page.session.actions.screenChosen("gradients");
  await pass(0);
  expect(asked).toEqual([{ run: "one" }]);
  expect(page.findings.report.value?.findings.length).toBe(1);
  page.session.actions.screenChosen("playground");
  page.session.actions.runGrew();
  await pass(10_000);
  expect(asked.length).toBe(1);
});

it("findings of a growing run are asked for again after a pause", async () => {
  page.session.actions.screenChosen("gradients");
  await pass(0);
  page.gradients.actions.gradientsLoaded(gradientsOf([0, 50]));
  page.gradients.actions.gradientsLoaded(gradientsOf([0, 50, 100]));
  await pass(2999);
  expect(asked.length).toBe(1);
  await pass(1);
  expect(asked.length).toBe(2);
});

it("other thresholds and another run are asked for at once, and give up what is under way", async () => {
  page.session.actions.screenChosen("scalars");
  await pass(0);
  page.findings.actions.thresholdChosen("dormant_tau", 0.1);
  await pass(0);
  expect(asked[1]).toEqual({ run: "one", thresholds: '{"dormant_tau":0.1}' });
  expect([signals[0]?.aborted, signals[1]?.aborted]).toEqual([true, false]);
  page.session.actions.runSelected("two");
  await pass(0);
  expect(asked[2]).toMatchObject({ run: "two" });
});

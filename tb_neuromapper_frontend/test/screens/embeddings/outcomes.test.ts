import { expect, it } from "vitest";
import { rowsById } from "../../../src/screens/embeddings/state/compared_run";
import { pickRows, sidesOf } from "../../../src/screens/embeddings/state/outcomes";
import { run } from "../../fixtures";
import { createPage } from "../../page";

it("the other run's outcomes are in the first run's rows", () => {
  const rows = rowsById(["a", "b", "c"], ["c", "x", "a"]);
  expect([...rows]).toEqual([2, -1, 0]);
  const outcomes = {
    step: 4,
    predicted: Int32Array.from([5, 6, 7]),
    confidence: Float32Array.from([0.25, 0.5, 0.75]),
    loss: null,
    others: { kind: { values: Int32Array.from([1, 0, 1]), texts: ["hit", "miss"] } },
  };
  const picked = pickRows(outcomes, rows);
  expect([...(picked.predicted ?? [])]).toEqual([7, -1, 5]);
  expect([...picked.others.kind.values]).toEqual([1, -1, 1]);
  expect([...(picked.confidence ?? [])]).toEqual([0.75, Number.NaN, 0.25]);
  expect([picked.step, picked.loss]).toEqual([4, null]);
});

it("each run says what it predicts at the displayed epoch", () => {
  const { session, embeddings } = createPage();
  const predicted = new Int32Array(1);
  const outcomes = (step: number) => ({ step, predicted, confidence: null, loss: null, others: {} });
  session.run.value = run("one", { outcome_steps: [0, 1] });
  embeddings.outcomes.value = outcomes(0);
  embeddings.comparedOutcomes.value = outcomes(0);
  session.epoch.value = 1;
  expect(sidesOf(session, embeddings)).toMatchObject([{ outcomes: null, isLogged: true }]);
  embeddings.comparedRun.value = { run: run("two", { outcome_steps: [0] }), rows: new Int32Array(1) };
  expect(sidesOf(session, embeddings)[1]).toMatchObject({ outcomes: null, isLogged: false });
  session.epoch.value = 0;
  expect(sidesOf(session, embeddings).map(({ run, outcomes }) => [run.name, outcomes?.step])).toEqual([
    ["one", 0],
    ["two", 0],
  ]);
});

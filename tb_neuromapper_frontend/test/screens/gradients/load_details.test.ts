import { beforeEach, describe, expect, it } from "vitest";
import { openGradients } from "../../../src/screens/gradients";
import { createSession } from "../../../src/session";
import { gradientsOf, run, runs } from "../../fixtures";
import { recordRequests } from "../../requests";

function open() {
  const { transport, of, settle } = recordRequests();
  const session = createSession();
  const { poll, state: gradients, ...screen } = openGradients(session, transport);
  if (!poll) throw new Error("The screen asks for nothing.");
  session.install([{ name: "gradients", title: "", poll, ...screen }], []);
  const ask = () => poll.ask("one", Promise.resolve(), new AbortController().signal);
  return { session, gradients, poll, of, settle, ask };
}

let { session, gradients, poll, of, settle, ask }: ReturnType<typeof open> = open();

/** The run "one" with so many recorded steps. */
function recorded(nSteps: number) {
  const [one] = runs("one").runs;
  const version = { n_steps: nSteps, version: String(nSteps) };
  session.actions.runsLoaded({ ...runs(), runs: [{ ...one, gradients: version }] });
}

beforeEach(() => {
  ({ session, gradients, poll, of, settle, ask } = open());
  recorded(2);
  session.actions.runLoaded(run("one"));
});

describe("what is recorded of a run", () => {
  it("is asked for when it changes", async () => {
    const done = ask();
    await of("gradients")[0].answer(gradientsOf([0, 50]));
    await done;
    expect(session.trainSteps.value).toEqual([0, 50]);
    await ask();
    expect(of("gradients")).toEqual([]);
    recorded(3);
    void ask();
    await of("gradients")[0].answer(gradientsOf([0, 50, 100]));
    expect(session.trainSteps.value).toEqual([0, 50, 100]);
    poll.reset();
    void ask();
    expect(of("gradients").length).toBe(1);
  });

  it("is nothing, unasked, where there are no records or the page is exported", async () => {
    session.actions.runsLoaded(runs("one"));
    await ask();
    expect([gradients.summary.value?.steps, of("gradients")]).toEqual([[], []]);
    const exported = { ...runs(), exported: { pairs: [], n_neighbors: 0 } };
    const [one] = runs("one").runs;
    session.actions.runsLoaded({
      ...exported,
      runs: [{ ...one, gradients: { n_steps: 1, version: "x" } }],
    });
    await ask();
    expect([gradients.summary.value?.steps, of("gradients")]).toEqual([[], []]);
  });
});

describe("beside the flow", () => {
  const part = (steps: number[], complete: boolean, layers = ["a"]) => ({
    attributes: { steps, layers, stride: 1, complete },
    arrays: new Map(
      ["gradient_norm", "update_ratio", "dead", "activation"].map((name) => [
        name,
        { shape: [layers.length, steps.length], data: new Float32Array(layers.length * steps.length) },
      ]),
    ),
  });

  beforeEach(() => gradients.actions.gradientsLoaded(gradientsOf([0, 50, 100])));

  it("the overview comes part by part", async () => {
    await of("gradients/overview")[0].answer(part([0, 50], false));
    expect(gradients.overview.value?.steps).toEqual([0, 50]);
    const [next] = of("gradients/overview");
    expect(next.query).toEqual({ run: "one", after: 50 });
    await next.answer(part([100], true));
    expect(gradients.overview.value?.steps).toEqual([0, 50, 100]);
    expect(of("gradients/overview")).toEqual([]);
  });

  it("an overview of other layers begins anew", async () => {
    await of("gradients/overview")[0].answer(part([0, 50], false));
    await of("gradients/overview")[0].answer(part([100], true, ["b"]));
    expect(gradients.overview.value).toBeNull();
    expect(of("gradients/overview")[0].query).toEqual({ run: "one" });
  });

  it("the overview is asked for again when the run grows, and given up when it is closed", async () => {
    const [first] = of("gradients/overview");
    await first.answer(part([0, 50, 100], true));
    gradients.actions.gradientsLoaded(gradientsOf([0, 50, 100, 150]));
    const [again] = of("gradients/overview");
    expect(again.query).toEqual({ run: "one", after: 100 });
    session.actions.screenChosen("elsewhere");
    expect(again.signal?.aborted).toBe(true);
  });

  it("a pinned unit has its history, and its layer the distributions", async () => {
    gradients.actions.unitPinned({ layer: "fc", unit: 3 });
    const [history] = of("gradients/unit");
    expect(history.query).toEqual({ run: "one", layer: "fc", unit: 3 });
    await history.answer({ run: "one", layer: "fc", unit: 3, steps: [] });
    expect(gradients.history.value?.unit).toBe(3);
    const [distributions] = of("gradients/distributions");
    expect(distributions.query).toEqual({ run: "one", layer: "fc" });
    await distributions.answer({ run: "one", layer: "fc", parameter: "weight" });
    expect(gradients.distributions.value?.parameter).toBe("weight");
    gradients.actions.parameterChosen("bias");
    expect(of("gradients/distributions")[0].query).toMatchObject({ parameter: "bias" });
    await settle();
  });

  it("the units that are not shown one by one have no history", () => {
    gradients.actions.unitPinned({ layer: "fc", unit: -1 });
    expect(of("gradients/unit")).toEqual([]);
  });
});

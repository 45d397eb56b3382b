import { beforeEach, describe, expect, it } from "vitest";
import type { Projection, Run, Runs } from "../../src/api/types";
import { Level } from "../../src/render/scatter/scene";
import { levelsOf } from "../../src/screens/embeddings/state/point_styles";
import { missingAt, stepsByDistance } from "../../src/screens/embeddings/state/positions";
import { pageStateOf } from "../../src/session/page_state";
import { createStore, type Store } from "../../src/session/state";

function runs(...names: string[]): Runs {
  const summaries = names.map((name) => ({
    name,
    n_samples: 4,
    blocks: ["a", "b"],
    steps: [],
    problems: [],
  }));
  return { log_dir: "runs", version: "0", runs: summaries, other_runs: [] };
}

function run(name: string, probeVersion = "v"): Run {
  return {
    name,
    n_samples: 4,
    sample_set: "s",
    probe_version: probeVersion,
    steps: [0, 5, 20],
    outcome_steps: [],
    blocks: ["a", "b"].map((block) => ({ name: block, n_dims: 2, n_features: 2, reduction: "none" })),
    label_kind: "class",
    class_names: ["x", "y", "z"],
    metadata: [],
    thumbnails: null,
    problems: [],
  };
}

function projection(block: string, steps: number[], changes: Partial<Projection> = {}): Projection {
  return {
    id: `id-${block}`,
    run: "one",
    block,
    parameters: {},
    state: "done",
    progress: 1,
    message: "",
    steps,
    revisions: steps.map(() => 1),
    extent: [0, 0, 1, 1],
    quality: [],
    ...changes,
  };
}

function metadataOf(column: string) {
  return { ids: [], descriptions: [], metadata: { [column]: [1] }, labels: null, targets: null };
}

let store: Store;
beforeEach(() => {
  store = createStore();
  store.actions.runsLoaded(runs("one", "two"));
  store.actions.runLoaded(run("one"));
});

describe("runs", () => {
  it("the first one is shown if the link names none", () => {
    expect(store.runName.value).toBe("one");
  });

  it("of a link that is not there is replaced, in words", () => {
    const fresh = createStore();
    fresh.actions.urlOpened({ run: "gone", step: 3 });
    fresh.actions.runsLoaded(runs("one"));
    expect(fresh.runName.value).toBe("one");
    expect(fresh.failure.value).toContain("gone");
  });

  it("that is deleted while shown gives way to another, in words", () => {
    store.actions.runsLoaded(runs("two"));
    expect(store.runName.value).toBe("two");
    expect(store.run.value).toBeNull();
    expect(store.failure.value).toContain("one");
  });

  it("chosen forgets what was known of the last", () => {
    store.actions.projectionsLoaded("one", [projection("a", [0])]);
    store.actions.runSelected("two");
    expect(store.projections.value).toEqual([]);
    expect(store.step.value).toBeNull();
  });

  it("late answers about another run change nothing", () => {
    store.actions.runSelected("two");
    store.actions.runLoaded(run("one"));
    store.actions.projectionsLoaded("one", [projection("a", [0])]);
    expect(store.run.value).toBeNull();
    expect(store.projections.value).toEqual([]);
  });

  it("with other samples under the same name starts anew", () => {
    store.actions.projectionsLoaded("one", [projection("a", [0])]);
    store.actions.runLoaded(run("one", "other"));
    expect(store.projections.value).toEqual([]);
    expect(store.run.value?.probe_version).toBe("other");
  });

  it("that did not change keep their objects, so that nothing is drawn anew", () => {
    const before = store.run.value;
    store.actions.runLoaded(run("one"));
    expect(store.run.value).toBe(before);
  });
});

describe("epochs", () => {
  const at = (step: number) => store.actions.stepChosen(step);
  beforeEach(() => {
    store.actions.projectionsLoaded("one", [projection("b", [0, 5]), projection("a", [0, 5, 20])]);
  });

  it("are those of all blocks, blocks in the network's order", () => {
    expect(store.steps.value).toEqual([0, 5, 20]);
    expect(store.projections.value.map(({ block }) => block)).toEqual(["a", "b"]);
  });

  it("are followed to the newest until another is chosen", () => {
    expect(store.step.value).toBe(20);
    store.actions.projectionsLoaded("one", [projection("a", [0, 5, 20, 21])]);
    expect(store.step.value).toBe(21);
    at(5);
    store.actions.projectionsLoaded("one", [projection("a", [0, 5, 20, 21, 22])]);
    expect(store.step.value).toBe(5);
    store.actions.lastStep();
    store.actions.projectionsLoaded("one", [projection("a", [0, 5, 20, 21, 22, 30])]);
    expect(store.step.value).toBe(30);
  });

  it("next and previous go by logged steps and stop at the ends", () => {
    at(5);
    store.actions.nextStep();
    expect(store.step.value).toBe(20);
    store.actions.nextStep();
    expect(store.step.value).toBe(20);
    store.actions.firstStep();
    store.actions.previousStep();
    expect(store.step.value).toBe(0);
  });

  it("are not settled from the moment on that another is chosen", () => {
    store.actions.settledChanged(true);
    expect(store.settled.value).toBe(true);
    at(5);
    expect(store.settled.value).toBe(false);
    store.actions.settledChanged(true);
    expect(store.settled.value).toBe(true);
    store.actions.settledChanged(false);
    expect(store.settled.value).toBe(false);
  });

  it("a number between two goes to the nearest", () => {
    at(14);
    expect(store.step.value).toBe(20);
  });

  it("playing from the last starts at the first, and choosing an epoch pauses", () => {
    store.actions.playToggled();
    expect([store.playing.value, store.step.value]).toEqual([true, 0]);
    at(5);
    expect(store.playing.value).toBe(false);
  });

  it("a single epoch does not play", () => {
    const fresh = createStore();
    fresh.actions.runsLoaded(runs("one"));
    fresh.actions.runLoaded(run("one"));
    fresh.actions.projectionsLoaded("one", [projection("a", [3])]);
    fresh.actions.playToggled();
    expect(fresh.playing.value).toBe(false);
  });

  it("a link's epoch is kept while its layout is still to come", () => {
    const fresh = createStore();
    fresh.actions.urlOpened({ run: "one", step: 5 });
    fresh.actions.runsLoaded(runs("one"));
    fresh.actions.runLoaded(run("one"));
    fresh.actions.projectionsLoaded("one", [projection("a", [0], { state: "running" })]);
    expect(fresh.step.value).toBe(5);
    fresh.actions.projectionsLoaded("one", [projection("a", [0, 5, 20])]);
    expect(fresh.step.value).toBe(5);
  });

  it("speeds other than those offered are refused", () => {
    store.actions.speedChosen(1000);
    expect(store.speed.value).toBe(2);
  });
});

describe("classes", () => {
  it("toggle, only, invert, none and all", () => {
    const hidden = () => [...store.hiddenClasses.value].sort();
    store.actions.classToggled(1);
    expect(hidden()).toEqual([1]);
    store.actions.classesInverted(3);
    expect(hidden()).toEqual([0, 2]);
    store.actions.onlyClass(2, 3);
    expect(hidden()).toEqual([0, 1]);
    store.actions.noClasses(3);
    expect(hidden()).toEqual([0, 1, 2]);
    store.actions.allClasses();
    expect(hidden()).toEqual([]);
  });

  it("hidden ones are not drawn; beside the one pointed at, others fade", () => {
    const labels = new Int32Array([0, 1, 2, -1]);
    expect([...levelsOf(new Uint8Array(4).fill(1), labels, new Set([0]), 1)]).toEqual([
      Level.hidden,
      Level.normal,
      Level.faded,
      Level.faded,
    ]);
    expect([...levelsOf(new Uint8Array([1, 0]), null, new Set([0]), 1)]).toEqual([
      Level.normal,
      Level.hidden,
    ]);
  });
});

describe("the page's state", () => {
  it("is loading, then ready; empty without runs; error without a server at the start", () => {
    expect(pageStateOf(store, false)).toBe("loading");
    expect(pageStateOf(store, true)).toBe("ready");
    const fresh = createStore();
    fresh.actions.serverLost("nobody there");
    expect(pageStateOf(fresh, false)).toBe("error");
    fresh.actions.serverAnswered();
    fresh.actions.runsLoaded(runs());
    expect(pageStateOf(fresh, false)).toBe("empty");
  });

  it("is an error if every layout failed, and not if one did", () => {
    store.actions.projectionsLoaded("one", [projection("a", [], { state: "failed" })]);
    expect(pageStateOf(store, false)).toBe("error");
    store.actions.projectionsLoaded("one", [projection("b", [])]);
    expect(pageStateOf(store, false)).toBe("loading");
  });
});

describe("what to fetch", () => {
  it("starts at the shown epoch and goes outwards", () => {
    expect(stepsByDistance([projection("a", [0, 5, 20]), projection("b", [6])], 5)).toEqual([5, 6, 0, 20]);
  });

  it("is only the near epochs while a layout changes", () => {
    const steps = Array.from({ length: 40 }, (_, index) => index);
    expect(stepsByDistance([projection("a", steps, { state: "running" })], 39)).toEqual([39, 38, 37, 36, 35]);
  });

  it("names only the blocks whose positions are old", () => {
    const both = [projection("a", [0, 5]), projection("b", [5])];
    expect(missingAt(both, 5, ({ block }) => block === "a")).toEqual({
      step: 5,
      ids: ["id-b"],
      revisions: [1],
    });
  });
});

describe("views", () => {
  it("hide, come back at their place in the network, and the last one stays", () => {
    store.actions.viewToggled("a");
    expect(store.views.value).toEqual(["b"]);
    store.actions.viewToggled("b");
    expect(store.views.value).toEqual(["b"]);
    store.actions.viewToggled("a");
    expect(store.views.value).toEqual(["a", "b"]);
    expect(store.chosenBlocks.value).toBeNull();
  });

  it("change places with their neighbours", () => {
    store.actions.viewMoved("a", 1);
    expect(store.views.value).toEqual(["b", "a"]);
    store.actions.viewMoved("a", 1);
    expect(store.views.value).toEqual(["b", "a"]);
    store.actions.allViews();
    expect(store.views.value).toEqual(["a", "b"]);
  });

  it("an enlarged one is alone on the screen until it is made small again", () => {
    store.actions.enlargeToggled("b");
    expect(store.panels.value).toEqual(["b"]);
    store.actions.enlargeToggled("b");
    expect(store.panels.value).toEqual(["a", "b"]);
  });

  it("of blocks that do not exist are as if they were not chosen", () => {
    store.actions.urlOpened({ run: "one", views: ["nonsense"], large: "none" });
    expect(store.panels.value).toEqual(["a", "b"]);
  });

  it("turn by 30 degrees and come round, mirror, and reset", () => {
    for (let i = 0; i < 12; i++) store.actions.viewRotated("a");
    expect(store.cameras.value.a.rotation).toBe(0);
    store.actions.viewMirrored("a");
    expect(store.cameras.value.a.mirrored).toBe(true);
    store.actions.camerasReset("a");
    expect(store.cameras.value).toEqual({});
  });

  it("move together if they are linked", () => {
    store.actions.linkToggled();
    store.actions.viewRotated("a");
    expect(store.cameras.value.b.rotation).toBe(30);
  });

  it("a pinned sample stays until it is clicked again", () => {
    store.actions.pinToggled(3);
    expect(store.pinned.value).toBe(3);
    store.actions.pinToggled(3);
    expect(store.pinned.value).toBeNull();
  });
});

it("a link to a run that comes later is followed when it comes, with its epoch", () => {
  const fresh = createStore();
  fresh.actions.urlOpened({ run: "late", step: 5, hidden: [1] });
  fresh.actions.runsLoaded(runs());
  fresh.actions.runsLoaded(runs("late"));
  expect([fresh.runName.value, fresh.step.value, [...fresh.hiddenClasses.value]]).toEqual(["late", 5, [1]]);
  expect(fresh.failure.value).toBe("");
});

it("a link's parts that cannot be used are told once, those without a sense and those that the run does not have", () => {
  const fresh = createStore();
  fresh.actions.urlOpened(
    {
      run: "one",
      step: 99,
      pin: 4,
      views: ["b", "z"],
      color: "metadata:none",
      selected: Uint32Array.from([3, 9]),
    },
    ["speed"],
  );
  fresh.actions.runsLoaded(runs("one"));
  fresh.actions.runLoaded(run("one"));
  expect(fresh.failure.value).toBe(
    "The link's speed, step, views, pin, color and selected could not be used.",
  );
  expect([fresh.pinned.value, fresh.panels.value, fresh.colorBy.value, [...fresh.selected.value]]).toEqual([
    null,
    ["b"],
    "label",
    [3],
  ]);
  fresh.actions.failureDismissed();
  fresh.actions.runLoaded({ ...run("one"), steps: [0, 5] });
  expect(fresh.failure.value).toBe("");
});

it("a link's run beside that is not there, or is the run itself, is told", () => {
  for (const beside of ["gone", "one"]) {
    const fresh = createStore();
    fresh.actions.urlOpened({ beside });
    fresh.actions.runsLoaded(runs("one"));
    fresh.actions.runLoaded(run("one"));
    expect([fresh.beside.value, fresh.failure.value.includes(beside === "one" ? "beside" : "gone")]).toEqual([
      null,
      true,
    ]);
  }
});

it("a link to a run that comes after others is followed when it comes", () => {
  const fresh = createStore();
  fresh.actions.urlOpened({ run: "late" });
  fresh.actions.runsLoaded(runs("one"));
  expect([fresh.runName.value, fresh.failure.value.includes("late")]).toEqual(["one", true]);
  fresh.actions.runsLoaded(runs("one", "late"));
  expect([fresh.runName.value, fresh.failure.value]).toEqual(["late", ""]);
});

describe("layouts", () => {
  it("of three samples and fewer have no figures: nothing can be ranked", () => {
    const quality = [
      { step: 0, trustworthiness: 0, preservation: 1, continuity: 0, movement: 2, cka: null, abrupt: false },
    ];
    store.actions.projectionsLoaded("one", [projection("a", [0], { quality })]);
    expect(store.projections.value[0].quality[0].trustworthiness).toBe(0);
    store.actions.runLoaded({ ...run("one"), n_samples: 3 });
    store.actions.projectionsLoaded("one", [projection("a", [0], { quality })]);
    const { trustworthiness, preservation, movement } = store.projections.value[0].quality[0];
    expect([trustworthiness, preservation, movement]).toEqual([null, null, null]);
  });

  const shown = () => store.projections.value.map(({ id }) => id);
  const fresh = (changes: Partial<Projection>) => projection("a", [], { id: "new", ...changes });
  beforeEach(() => store.actions.projectionsLoaded("one", [projection("a", [0, 5])]));

  it("stay on the screen until the next one has positions", () => {
    store.actions.projectionsLoaded("one", [fresh({ state: "running" })]);
    expect([shown(), store.computing.value]).toEqual([["id-a"], true]);
    expect(store.newest.value.map(({ id }) => id)).toEqual(["new"]);
    store.actions.projectionsLoaded("one", [fresh({ steps: [0], revisions: [1] })]);
    expect([shown(), store.successors.value]).toEqual([["new"], {}]);
  });

  it("stay on the screen if the next one fails, and the failure is known", () => {
    store.actions.projectionsLoaded("one", [fresh({ state: "failed", message: "too few samples" })]);
    expect(shown()).toEqual(["id-a"]);
    expect(store.newest.value[0].message).toBe("too few samples");
    expect(store.computing.value).toBe(false);
  });

  it("for all blocks take the place of a block's own", () => {
    store.actions.layoutChosen("a", { n_neighbors: 5, min_dist: 0.1 });
    expect(store.settings.value).toEqual({ a: { n_neighbors: 5 } });
    store.actions.layoutChosen("", { min_dist: 0.4 });
    expect(store.settings.value).toEqual({ "": { min_dist: 0.4 } });
  });

  it("go back to the previous setting, and forth", () => {
    store.actions.layoutChosen("", { n_neighbors: 5 });
    store.actions.layoutChosen("", { n_neighbors: 30 });
    store.actions.previousLayout();
    expect(store.settings.value).toEqual({ "": { n_neighbors: 5 } });
    store.actions.previousLayout();
    expect(store.settings.value).toEqual({ "": { n_neighbors: 30 } });
  });

  it("asked for again as they are, are asked for again: they may have been cancelled", () => {
    const before = store.nRequests.value;
    store.actions.layoutChosen("", {});
    expect(store.nRequests.value).toBe(before + 1);
  });

  it("that are finished leave their figures, one entry for each block and setting", () => {
    const quality = [
      {
        step: 0,
        trustworthiness: 0.9,
        preservation: 0.5,
        continuity: 1,
        movement: null,
        cka: null,
        abrupt: false,
      },
      {
        step: 5,
        trustworthiness: 0.8,
        preservation: 0.7,
        continuity: 1,
        movement: 0.2,
        cka: 0.9,
        abrupt: false,
      },
    ];
    for (let i = 0; i < 2; i++)
      store.actions.projectionsLoaded("one", [projection("a", [0, 5], { quality })]);
    expect(store.tried.value.length).toBe(1);
    expect(store.tried.value[0].trustworthiness).toBeCloseTo(0.85, 9);
    expect(store.tried.value[0].movement).toBe(0.2);
  });
});

describe("a link", () => {
  it("into an open page goes to a step that is there", () => {
    store.actions.projectionsLoaded("one", [projection("a", [0, 5, 20])]);
    store.actions.urlOpened({ step: 7 });
    expect(store.step.peek()).toBe(5);
    store.actions.urlOpened({});
    expect(store.step.peek()).toBe(20);
  });

  it("that names a run twice shows it once", () => {
    store.actions.urlOpened({ beside: "one" });
    store.actions.runsLoaded(runs("one", "two"));
    expect(store.beside.peek()).toBeNull();
    expect(store.failure.peek()).toContain("beside could not be used");
  });

  it("to a column that is not there shows labels", () => {
    store.actions.runLoaded({ ...run("one"), metadata: ["writer"] });
    store.actions.urlOpened({ color: "metadata:writer" });
    store.actions.samplesLoaded("one", metadataOf("writer"));
    expect(store.colorBy.peek()).toBe("metadata:writer");
    store.actions.samplesLoaded("one", metadataOf("constructor"));
    expect(store.colorBy.peek()).toBe("label");
  });
});

describe("an exported page", () => {
  it("shows two runs side by side as they were exported", () => {
    const exported = { ...runs("one", "two"), exported: { pairs: [["one", "two"]], n_neighbors: 0 } } as Runs;
    store.actions.runsLoaded(exported);
    store.actions.comparisonChosen("two");
    store.actions.runsLoaded(exported);
    expect(store.beside.peek()).toBe("two");
    store.actions.urlOpened({ run: "two", beside: "one" });
    store.actions.runsLoaded(exported);
    expect(store.beside.peek()).toBeNull();
    expect(store.failure.peek()).toBe("This exported page does not hold two and one side by side.");
  });
});

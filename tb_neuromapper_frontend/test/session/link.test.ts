import { describe, expect, it } from "vitest";
import type { Run } from "../../src/api/types";
import { settleLink, unusedKeys } from "../../src/session/link";
import { createStore } from "../../src/session/state";

function settled(blocks: string[], changes: { enlarged?: string; views?: string[] } = {}) {
  const store = createStore();
  store.run.value = {
    name: "one",
    n_samples: 4,
    sample_set: "s",
    probe_version: "v",
    steps: [],
    outcome_steps: [],
    blocks: blocks.map((name) => ({ name, n_dims: 2, n_features: 2, reduction: "none" })),
    label_kind: null,
    class_names: null,
    metadata: [],
    thumbnails: null,
    problems: [],
  } satisfies Run;
  store.unusedOfLink.value = [];
  store.enlarged.value = changes.enlarged ?? null;
  store.chosenBlocks.value = changes.views ?? null;
  settleLink(store);
  return store;
}

describe("settleLink", () => {
  it("says nothing of a link that asks for nothing, whether the run has blocks or not", () => {
    expect(settled([]).failure.value).toBe("");
    expect(settled(["a"]).failure.value).toBe("");
  });

  it("drops the blocks that the run does not have, and says so once", () => {
    const store = settled(["a"], { enlarged: "b", views: ["a", "c"] });
    expect(store.failure.value).toBe("The link's views and large could not be used.");
    expect(store.enlarged.value).toBeNull();
    expect(store.chosenBlocks.value).toEqual(["a"]);
    settleLink(store);
    expect(store.failure.value).toBe("The link's views and large could not be used.");
  });

  it("keeps the blocks that there are", () => {
    const store = settled(["a", "b"], { enlarged: "b", views: ["b"] });
    expect(store.failure.value).toBe("");
    expect(store.enlarged.value).toBe("b");
  });
});

describe("unusedKeys", () => {
  it("names what makes no sense in any run, but not what says what is so anyway", () => {
    expect(unusedKeys({ nonsense: "1", screen: "embeddings", size: "1" })).toEqual(["nonsense"]);
  });
});

import { beforeEach, describe, expect, it } from "vitest";
import { createSession, type Session } from "../../src/session";
import { run } from "../fixtures";

describe("the selection", () => {
  let session: Session;
  beforeEach(() => {
    session = createSession();
    session.runName.value = "one";
    session.actions.runLoaded(run("one"));
  });

  it("holds rows that exist", () => {
    session.actions.rowsSelected([3, 1, 99]);
    expect([...session.selected.value]).toEqual([1, 3]);
    session.actions.selectionCleared();
    expect(session.selected.value.length).toBe(0);
  });

  it("ends isolation when it is empty", () => {
    session.actions.isolateToggled();
    expect(session.isolated.value).toBe(false);
    session.actions.rowsSelected([1]);
    session.actions.isolateToggled();
    expect(session.isolated.value).toBe(true);
    session.actions.rowsSelected([1], "subtract");
    expect(session.isolated.value).toBe(false);
  });
});

it("a pinned sample stays until it is clicked again", () => {
  const { actions, pinned } = createSession();
  actions.pinToggled(3);
  expect(pinned.value).toBe(3);
  actions.pinToggled(3);
  expect(pinned.value).toBeNull();
});

import { expect, it } from "vitest";
import { createSession } from "../../src/session";

it("classes hide and come back: one, only one, the others, none and all", () => {
  const { actions, hiddenClasses } = createSession();
  const hidden = () => [...hiddenClasses.value].sort();
  actions.classToggled(1);
  expect(hidden()).toEqual([1]);
  actions.classesInverted(3);
  expect(hidden()).toEqual([0, 2]);
  actions.onlyClass(2, 3);
  expect(hidden()).toEqual([0, 1]);
  actions.noClasses(3);
  expect(hidden()).toEqual([0, 1, 2]);
  actions.allClasses();
  expect(hidden()).toEqual([]);
});

it("a class that is hidden under the pointer is no longer pointed at", () => {
  const { actions, hoverClass } = createSession();
  actions.classHovered(1);
  actions.classToggled(1);
  expect(hoverClass.value).toBeNull();
});

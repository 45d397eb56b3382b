import { effect, signal } from "@preact/signals";
import { expect, it } from "vitest";
import { createEvents, type TimelineEvent } from "../../src/session/events";

function event(label: string): TimelineEvent {
  return { kind: "abrupt", axis: "epoch", step: 0, on: "all", label, title: label, open: () => {} };
}

it("the marks of all parts are together, in the order in which the parts came, and follow them", () => {
  const events = createEvents();
  const seen: string[][] = [];
  const stop = effect(() => {
    seen.push(events.all.value.map(({ label }) => label));
  });
  const first = signal([event("a")]);
  const second = signal<TimelineEvent[]>([]);
  events.add(first);
  events.add(second);
  second.value = [event("b"), event("c")];
  first.value = [];
  expect(seen).toEqual([[], ["a"], ["a"], ["a", "b", "c"], ["b", "c"]]);
  stop();
});

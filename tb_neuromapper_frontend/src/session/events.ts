import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";

/** What is marked on the time axis of charts. */
export interface TimelineEvent {
  kind: "finding" | "abrupt";
  /** What `step` counts; null: what the scalar counts that it is marked on. */
  axis: "epoch" | "train_step" | null;
  step: number;
  /** The charts that mark it: all, those of losses, or that of one scalar. */
  on: "all" | "losses" | { tag: string };
  label: string;
  title: string;
  open(): void;
}

/** The marks of all parts of the page, in the order in which the parts came. */
export interface Events {
  all: ReadonlySignal<readonly TimelineEvent[]>;
  add(source: ReadonlySignal<readonly TimelineEvent[]>): void;
}

export function createEvents(): Events {
  const sources: Signal<readonly ReadonlySignal<readonly TimelineEvent[]>[]> = signal([]);
  return {
    all: computed(() => sources.value.flatMap((source) => source.value)),
    add(source) {
      sources.value = [...sources.peek(), source];
    },
  };
}

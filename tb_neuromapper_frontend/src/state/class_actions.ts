import type { State } from "./store";

export function classActions(state: State) {
  const hide = (hidden: Iterable<number>) => {
    state.hiddenClasses.value = new Set(hidden);
  };
  const all = () => state.run.peek()?.class_names?.map((_, index) => index) ?? [];
  return {
    classToggled(index: number) {
      const hidden = new Set(state.hiddenClasses.peek());
      if (!hidden.delete(index)) hidden.add(index);
      hide(hidden);
    },
    onlyClass(index: number) {
      hide(all().filter((other) => other !== index));
    },
    allClasses() {
      hide([]);
    },
    noClasses() {
      hide(all());
    },
    classesInverted() {
      const hidden = state.hiddenClasses.peek();
      hide(all().filter((index) => !hidden.has(index)));
    },
    classHovered(index: number | null) {
      state.hoverClass.value = index;
    },
  };
}

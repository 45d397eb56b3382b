import type { SessionState } from "./state";

export function classActions(state: SessionState) {
  const hide = (hidden: Iterable<number>) => {
    state.hiddenClasses.value = new Set(hidden);
  };
  const all = (nClasses: number) => Array.from({ length: nClasses }, (_, index) => index);
  return {
    classToggled(index: number) {
      const hidden = new Set(state.hiddenClasses.peek());
      if (!hidden.delete(index)) hidden.add(index);
      hide(hidden);
      // The pointer still rests on the switch: the others must not stay faded for a class that is gone.
      state.hoverClass.value = null;
    },
    onlyClass(index: number, nClasses: number) {
      hide(all(nClasses).filter((other) => other !== index));
    },
    allClasses() {
      hide([]);
    },
    noClasses(nClasses: number) {
      hide(all(nClasses));
    },
    classesInverted(nClasses: number) {
      const hidden = state.hiddenClasses.peek();
      hide(all(nClasses).filter((index) => !hidden.has(index)));
    },
    classHovered(index: number | null) {
      state.hoverClass.value = index;
    },
  };
}

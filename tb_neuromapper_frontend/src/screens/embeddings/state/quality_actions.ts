import type { Preservation } from "../../../api/types";
import type { State } from "../../../session/state";

export function qualityActions(state: State) {
  return {
    /** The pointer or the focus came into a block's view, or left it. */
    viewPointed(block: string | null) {
      state.pointed.value = block;
    },
    fadingToggled() {
      state.fading.value = !state.fading.peek();
    },
    /** Of the layouts on view; what is known of others is forgotten. */
    preservationLoaded(loaded: readonly Preservation[]) {
      state.preservation.value = Object.fromEntries(loaded.map((each) => [each.id, each]));
    },
  };
}

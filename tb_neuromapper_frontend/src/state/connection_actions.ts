import type { Theme } from "../color/palette";
import type { State } from "./store";

export function connectionActions(state: State) {
  return {
    serverAnswered() {
      if (state.connection.peek().state !== "ok") state.connection.value = { state: "ok", message: "" };
    },
    serverLost(message: string) {
      const now = state.connection.peek();
      if (now.state !== "lost" || now.message !== message)
        state.connection.value = { state: "lost", message };
    },
    failed(sentence: string) {
      state.failure.value = sentence;
    },
    failureDismissed() {
      state.failure.value = "";
    },
    themeChanged(theme: Theme) {
      state.theme.value = theme;
    },
    /** The browser took the graphics context away, or gave it back. */
    drawingInterrupted(isInterrupted: boolean) {
      state.interrupted.value = isInterrupted;
    },
    drawingImpossible() {
      state.canDraw.value = false;
    },
  };
}

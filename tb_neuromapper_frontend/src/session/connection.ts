import { batch } from "@preact/signals";
import type { Theme } from "../color/palette";
import type { SessionState } from "./state";

export function connectionActions(state: SessionState) {
  return {
    serverAnswered() {
      const before = state.connection.peek().state;
      if (before === "ok") return;
      batch(() => {
        state.connection.value = { state: "ok", message: "" };
        if (before === "lost") state.nReturns.value += 1;
      });
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
  };
}

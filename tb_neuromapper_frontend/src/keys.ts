import type { Session } from "./session";
import { openScreen } from "./session/state";

/** Those that move the cursor, and a slider that has the focus. */
const CURSOR_KEYS = ["ArrowLeft", "ArrowRight", "Home", "End"];

/** The open screen's keys, wherever the focus is, except where a key means something else. */
export function watchKeys(target: Document, session: Session): () => void {
  const onKey = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.defaultPrevented) return;
    const action = openScreen(session)?.keys()[event.key];
    if (!action || isTakenBy(event.target, event.key)) return;
    event.preventDefault();
    action();
  };
  target.addEventListener("keydown", onKey);
  return () => target.removeEventListener("keydown", onKey);
}

function isTakenBy(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement && target.type === "range")
    return CURSOR_KEYS.includes(key) && target.closest(".nm-epoch") === null;
  if (target instanceof HTMLInputElement && target.type === "checkbox") return key === " ";
  if (target.matches("input, select, textarea")) return true;
  return key === " " && target.closest("button, summary, a") !== null;
}

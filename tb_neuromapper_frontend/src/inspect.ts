import type { Session } from "./session";

declare global {
  interface Window {
    __neuromapper?: { inspect: () => Inspection };
  }
}

/** What browser tests may ask; nothing on the page depends on it. Each screen adds its own. */
export interface Inspection extends Readonly<Record<string, unknown>> {
  run: string | null;
  step: number | null;
  /** The rows of the selected samples. */
  selected: number[];
}

export function inspector(session: Session): () => Inspection {
  return () => ({
    run: session.runName.peek(),
    step: session.epoch.peek(),
    selected: [...session.selected.peek()],
    ...Object.assign({}, ...session.screens.peek().map((screen) => screen.inspect?.() ?? {})),
  });
}

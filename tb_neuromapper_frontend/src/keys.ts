import type { Screen } from "./screens/registry";
import type { Store } from "./session/state";

/** Those that move the cursor, and a slider that has the focus. */
const CURSOR_KEYS = ["ArrowLeft", "ArrowRight", "Home", "End"];

/** The keys of a video player, wherever the focus is, except where a key means something else. */
export function watchKeys(target: Document, store: Store): () => void {
  const { actions } = store;
  type Keys = Record<string, () => void>;
  const embeddings: Keys = {
    " ": actions.playToggled,
    ArrowLeft: actions.previousStep,
    ArrowRight: actions.nextStep,
    Home: actions.firstStep,
    End: actions.lastStep,
    l: () => actions.toolChosen("lasso"),
    b: () => actions.toolChosen("box"),
    Escape: actions.escaped,
  };
  const gradients: Keys = {
    " ": actions.trainPlayToggled,
    ArrowLeft: actions.previousTrainStep,
    ArrowRight: actions.nextTrainStep,
    Home: actions.firstTrainStep,
    End: actions.lastTrainStep,
    r: actions.flowReplayed,
    Escape: () => actions.unitPinned(null),
  };
  const only = (keys: Keys) => Object.fromEntries(CURSOR_KEYS.map((key) => [key, keys[key]])) as Keys;
  const scalars = () => only(store.gradients.steps.peek().length > 0 ? gradients : embeddings);
  const byScreen: Record<Screen, () => Keys> = {
    embeddings: () => embeddings,
    gradients: () => gradients,
    scalars,
    playground: () => ({}),
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.defaultPrevented) return;
    const action = byScreen[store.screen.peek()]()[event.key];
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

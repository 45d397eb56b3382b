import { SCREEN_TITLES, SCREENS, type Screen } from "../screens/registry";
import type { Store } from "../session/state";

/** From screen to screen; run and step stay. */
export function ScreenTabs({ store }: { store: Store }) {
  const now = store.screen.value;
  // An exported page holds the embeddings alone.
  if (store.runs.value?.exported) return null;
  const isShown = (screen: Screen) =>
    screen !== "playground" || screen === now || store.runs.value?.playground === true;
  return (
    <nav class="nm-screens" aria-label="Screens">
      {SCREENS.filter(isShown).map((screen) => (
        <button
          key={screen}
          type="button"
          class="nm-button nm-screen-tab"
          aria-current={screen === now ? "page" : undefined}
          onClick={() => store.actions.screenChosen(screen)}
          data-testid={`screen-${screen}`}
        >
          {SCREEN_TITLES[screen]}
        </button>
      ))}
    </nav>
  );
}

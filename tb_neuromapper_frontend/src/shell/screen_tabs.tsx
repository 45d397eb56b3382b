import type { Session } from "../session";

/** From screen to screen; run and step stay. */
export function ScreenTabs({ session }: { session: Session }) {
  const now = session.screen.value;
  const offered = session.screens.value.filter(
    ({ name, isOffered }) => name === now || isOffered?.() !== false,
  );
  // An exported page holds the embeddings alone.
  if (offered.length < 2) return null;
  return (
    <nav class="nm-screens" aria-label="Screens">
      {offered.map(({ name, title }) => (
        <button
          key={name}
          type="button"
          class="nm-button nm-screen-tab"
          aria-current={name === now ? "page" : undefined}
          onClick={() => session.actions.screenChosen(name)}
          data-testid={`screen-${name}`}
        >
          {title}
        </button>
      ))}
    </nav>
  );
}

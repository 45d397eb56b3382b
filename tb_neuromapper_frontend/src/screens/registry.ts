/** The screens in the order of their tabs; each has one name everywhere. */
export const SCREENS = ["embeddings", "gradients", "scalars", "playground"] as const;
export type Screen = (typeof SCREENS)[number];

export const SCREEN_TITLES: Readonly<Record<Screen, string>> = {
  embeddings: "Embeddings",
  gradients: "Gradients",
  scalars: "Scalars",
  playground: "Playground",
};

/** The screen that a link names; the first one if it names none. */
export function toScreen(text: string | undefined): Screen {
  return SCREENS.find((screen) => screen === text) ?? SCREENS[0];
}

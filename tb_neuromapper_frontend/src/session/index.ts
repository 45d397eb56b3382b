import { batch } from "@preact/signals";
import { classActions } from "./class_filter";
import { connectionActions } from "./connection";
import { epochActions } from "./epoch_cursor";
import { linkActions } from "./link";
import type { InstalledScreen, Panel, Target } from "./part";
import { runActions } from "./run";
import { selectionActions } from "./selection_actions";
import { createSessionState, openScreen, type SessionState } from "./state";
import { trainStepActions } from "./step_cursor";

/** What all screens share, and what changes it. */
export interface Session extends SessionState {
  actions: SessionActions;
  /** Gives the session its screens, in the order of their tabs, and the panels that they show. */
  install(screens: readonly InstalledScreen[], panels: readonly Panel[]): void;
  /** Opens a screen where it shows what the target names. */
  goTo(target: Target): void;
}

export type SessionActions = ReturnType<typeof createActions>;

export function createSession(): Session {
  const state = createSessionState();
  const actions = createActions(state);
  return {
    ...state,
    actions,
    install(screens, panels) {
      batch(() => {
        state.screens.value = screens;
        state.panels.value = panels;
        state.screen.value = screens[0]?.name ?? "";
      });
    },
    goTo(target) {
      batch(() => {
        actions.screenChosen(target.screen);
        openScreen(state)?.show?.(target);
      });
    },
  };
}

function createActions(state: SessionState) {
  return {
    ...connectionActions(state),
    ...runActions(state),
    ...linkActions(state),
    ...epochActions(state),
    ...trainStepActions(state),
    ...classActions(state),
    ...selectionActions(state),
  };
}

import type { Transport } from "../../api/transport";
import { isVisible } from "../../host/tensorboard";
import type { Session } from "../../session";
import { cursorKeys } from "../../session/cursor";
import type { OpenScreen, PageState } from "../../session/part";
import type { Screen } from "../../session/screen";
import { createScalarsApi } from "./api";
import { ScalarControls } from "./parts/controls";
import { ScalarsScreen } from "./parts/screen";
import { createScalars, type Scalars, showTarget } from "./state/actions";
import { syncScalars } from "./state/load";
import { scalarsLink } from "./state/url";
import css from "./style.css?inline";

/** Every scalar of all runs. */
export const scalars: Screen = { name: "scalars", title: "Scalars", css, create: openScalars };

export function openScalars(session: Session, transport: Transport): OpenScreen & { state: Scalars } {
  const state = createScalars(session);
  const { epochMoves, trainStepMoves } = session.actions;
  syncScalars(session, state, createScalarsApi(transport), isVisible);
  return {
    state,
    needs: "nothing",
    hasPanels: true,
    Controls: () => <ScalarControls session={session} scalars={state} />,
    Body: () => <ScalarsScreen session={session} scalars={state} />,
    pageState: () => pageStateOf(state),
    settled: () => state.settled.value,
    keys: () => cursorKeys(session.trainSteps.peek().length > 0 ? trainStepMoves : epochMoves),
    forget() {
      state.target.value = null;
    },
    link: scalarsLink(state),
    isOffered: () => !session.runs.value?.exported,
    show: (target) => showTarget(session, state, target),
    Offer: () => <Offer session={session} />,
  };
}

function pageStateOf({ index }: Scalars): PageState {
  if (!index.value) return "loading";
  const hasTags = Object.values(index.value.runs).some((tags) => Object.keys(tags).length > 0);
  return hasTags ? "ready" : "empty";
}

function Offer({ session }: { session: Session }) {
  return (
    <p>
      Scalars are shown of any run, whoever logged them:{" "}
      <button
        type="button"
        class="nm-button nm-outlined"
        onClick={() => session.actions.screenChosen("scalars")}
        data-testid="open-scalars"
      >
        open the scalars
      </button>
    </p>
  );
}

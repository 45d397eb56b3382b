import type { Transport } from "../../api/transport";
import { isVisible } from "../../host/tensorboard";
import type { Session } from "../../session";
import type { OpenScreen } from "../../session/part";
import type { Screen } from "../../session/screen";
import { ControlBar } from "../../shell/cursor_controls";
import { createPlaygroundApi } from "./api";
import { PlaygroundScreen } from "./parts/screen";
import { TrainingStatus } from "./parts/trainings";
import { createPlayground, type Playground } from "./state/actions";
import { syncPlayground } from "./state/load";
import css from "./style.css?inline";

/** Small networks of the user's own shape, trained here. */
export const playground: Screen = { name: "playground", title: "Playground", css, create: openPlayground };

export function openPlayground(session: Session, transport: Transport): OpenScreen & { state: Playground } {
  const state = createPlayground(session);
  const trainer = syncPlayground(session, state, createPlaygroundApi(transport), isVisible);
  const props = { session, playground: state, trainer };
  const isOff = () => session.runs.value?.playground === false;
  return {
    state,
    needs: "runs",
    Controls: () => <ControlBar session={session} label="Screens" hasRun={false} />,
    Body: () => <PlaygroundScreen {...props} />,
    pageState: () => "ready",
    settled: () => state.form.value !== null || isOff(),
    keys: () => ({}),
    forget: () => {},
    link: { params: () => ({}), open: () => {}, normalize: () => ({}), defaults: {} },
    isOffered: () => session.runs.value?.playground === true && !session.runs.value.exported,
    Status: () => <TrainingStatus {...props} />,
    Offer: () => <Offer session={session} />,
  };
}

function Offer({ session }: { session: Session }) {
  if (!session.runs.value?.playground) return null;
  return (
    <p>
      Or train a small network here, now:{" "}
      <button
        type="button"
        class="nm-button nm-outlined"
        onClick={() => session.actions.screenChosen("playground")}
        data-testid="open-playground"
      >
        open the playground
      </button>
    </p>
  );
}

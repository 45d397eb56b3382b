import type { PageState } from "./state/page_state";
import { Controls } from "./views/embeddings/controls";
import { LookMenu } from "./views/embeddings/look_menu";
import { SaveMenu } from "./views/embeddings/save_menu";
import { EmbeddingsScreen, type ScreenProps } from "./views/embeddings/screen";
import type { Stage } from "./views/embeddings/stage";
import { Empty } from "./views/empty";
import { StatusLine } from "./views/status";

interface AppProps extends ScreenProps {
  pageState: () => PageState;
  stage: () => Stage | null;
  /** Stops the computations that are under way. */
  onCancel: () => void;
}

export function App({ pageState, onCancel, ...screen }: AppProps) {
  const { store } = screen;
  const state = pageState();
  return (
    <main
      class="nm"
      aria-label="NeuroMapper"
      data-testid="neuromapper"
      data-theme={store.theme.value}
      data-state={state}
      data-run={store.runName.value ?? ""}
      data-step={store.step.value ?? ""}
      data-steps={store.steps.value.length}
      data-logged-steps={store.run.value?.steps.length ?? 0}
      data-playing={String(store.playing.value)}
      data-settled={String(store.settled.value)}
      data-connection={store.connection.value.state}
    >
      <Body {...screen} state={state} />
      <StatusLine store={store} onCancel={onCancel} />
    </main>
  );
}

type BodyProps = ScreenProps & Pick<AppProps, "stage"> & { state: PageState };

function Body({ state, stage, ...screen }: BodyProps) {
  const { store } = screen;
  if (!store.canDraw.value) return <NoWebGl />;
  if (state === "empty") return <Empty store={store} />;
  if (!store.runs.value) return <Waiting store={store} />;
  return (
    <>
      <h1 class="nm-hidden">NeuroMapper: embeddings</h1>
      <Controls store={store}>
        <LookMenu store={store} coloring={screen.coloring} />
        <SaveMenu store={store} coloring={screen.coloring} stage={stage} />
      </Controls>
      <EmbeddingsScreen {...screen} />
    </>
  );
}

function NoWebGl() {
  return (
    <div class="nm-empty" role="alert" data-testid="no-webgl">
      <h1>This browser cannot draw the points</h1>
      <p>
        They are drawn with WebGL 2, which is switched off or missing here. Switch on hardware acceleration in
        the browser's settings, or open TensorBoard in a current Chrome, Edge, Firefox or Safari.
      </p>
    </div>
  );
}

function Waiting({ store }: ScreenProps | { store: ScreenProps["store"] }) {
  const lost = store.connection.value.state === "lost";
  return (
    <div class="nm-empty" data-testid="waiting">
      <p class="nm-muted">{lost ? store.connection.value.message : "Reading the log directory."}</p>
    </div>
  );
}

import type { Stage } from "./screens/embeddings/draw/stage";
import { LookMenu } from "./screens/embeddings/parts/appearance_menu";
import { Controls } from "./screens/embeddings/parts/controls";
import { SaveMenu } from "./screens/embeddings/parts/save_menu";
import { EmbeddingsScreen, type ScreenProps } from "./screens/embeddings/parts/screen";
import type { FlowStage } from "./screens/gradients/draw/stage";
import { GradientControls } from "./screens/gradients/parts/controls";
import { GradientsScreen } from "./screens/gradients/parts/screen";
import type { FlowFrames } from "./screens/gradients/state/flow_frames";
import { PlaygroundScreen } from "./screens/playground/parts/screen";
import type { Trainer } from "./screens/playground/state/load";
import { ScalarControls } from "./screens/scalars/parts/controls";
import { ScalarsScreen } from "./screens/scalars/parts/screen";
import type { PageState } from "./session/page_state";
import type { Store } from "./session/state";
import { Empty } from "./shell/empty";
import { RunChoice } from "./shell/run_choice";
import { ScreenTabs } from "./shell/screen_tabs";
import { StatusLine } from "./shell/status";

interface AppProps extends ScreenProps {
  trainer: Trainer;
  pageState: () => PageState;
  stage: () => Stage | null;
  flowFrames: FlowFrames;
  onFlowStage: (stage: FlowStage | null) => void;
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
      data-screen={store.screen.value}
      data-state={state}
      data-run={store.runName.value ?? ""}
      data-step={store.step.value ?? ""}
      data-steps={store.steps.value.length}
      data-logged-steps={store.run.value?.steps.length ?? 0}
      data-playing={String(store.playing.value)}
      data-train-step={store.gradients.step.value ?? ""}
      data-train-steps={store.gradients.steps.value.length}
      data-settled={String(isSettled(store))}
      data-connection={store.connection.value.state}
    >
      <Body {...screen} />
      <StatusLine store={store} trainer={screen.trainer} flowFrames={screen.flowFrames} onCancel={onCancel} />
    </main>
  );
}

function isSettled({ screen, settled, gradients, scalars, playground, runs }: Store): boolean {
  if (screen.value === "scalars") return scalars.settled.value;
  if (screen.value === "playground")
    return playground.form.value !== null || runs.value?.playground === false;
  return screen.value === "gradients" ? gradients.settled.value : settled.value;
}

type BodyProps = ScreenProps & Pick<AppProps, "stage" | "flowFrames" | "onFlowStage" | "trainer">;

function Body({ stage, flowFrames, onFlowStage, trainer, ...screen }: BodyProps) {
  const { store } = screen;
  if (store.screen.value === "scalars") {
    return (
      <>
        <h1 class="nm-hidden">NeuroMapper: scalars</h1>
        <ScalarControls store={store} />
        <ScalarsScreen store={store} />
      </>
    );
  }
  if (store.runs.value && store.screen.value === "playground") {
    return (
      <>
        <h1 class="nm-hidden">NeuroMapper: playground</h1>
        <PlaygroundScreen store={store} trainer={trainer} />
      </>
    );
  }
  if (store.runs.value?.runs.length === 0) return <Empty store={store} />;
  if (!store.runs.value) return <Waiting store={store} />;
  if (store.screen.value === "gradients") {
    return (
      <>
        <h1 class="nm-hidden">NeuroMapper: gradients</h1>
        <GradientControls store={store} />
        <GradientsScreen store={store} frames={flowFrames} onStage={onFlowStage} />
      </>
    );
  }
  if (!store.canDraw.value) return <NoWebGl store={store} />;
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

/** The other screens remain. */
function NoWebGl({ store }: { store: Store }) {
  return (
    <>
      <div class="nm-controls" role="toolbar" aria-label="Screen and run">
        <ScreenTabs store={store} />
        <RunChoice store={store} />
      </div>
      <div class="nm-empty" role="alert" data-testid="no-webgl">
        <h1>This browser cannot draw the points</h1>
        <p>
          They are drawn with WebGL 2, which is switched off or missing here. Switch on hardware acceleration
          in the browser's settings, or open TensorBoard in a current Chrome, Edge, Firefox or Safari.
        </p>
      </div>
    </>
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

import { useEffect, useMemo } from "preact/hooks";
import type { Store } from "../../../session/state";
import { createFlowModel } from "../draw/model";
import type { FlowStage } from "../draw/stage";
import type { FlowFrames } from "../state/flow_frames";
import { FlowView } from "./flow_view";
import { Overview } from "./overview";
import { GradientsSide } from "./side";
import { FlowTooltip } from "./tooltip";

interface GradientsProps {
  store: Store;
  frames: FlowFrames;
  onStage: (stage: FlowStage | null) => void;
}

/** The gradient flow of a run: neuron by neuron, and all layers over all steps. */
export function GradientsScreen({ store, frames, onStage }: GradientsProps) {
  const summary = store.gradients.summary.value;
  if (summary === null) return <p class="nm-words nm-gradients-words">Asking for the gradient records.</p>;
  if (summary.steps.length === 0) return <NoGradients store={store} />;
  return <Views store={store} frames={frames} onStage={onStage} />;
}

function Views({ store, frames, onStage }: GradientsProps) {
  const model = useMemo(() => createFlowModel(store, frames), [store, frames]);
  useEffect(() => () => model.dispose(), [model]);
  return (
    <div class="nm-screen nm-gradients">
      <div class="nm-gradients-main">
        <FlowView store={store} frames={frames} model={model} onStage={onStage} />
        <Overview store={store} />
      </div>
      <GradientsSide store={store} frames={frames} />
      <FlowTooltip store={store} frames={frames} model={model} />
    </div>
  );
}

const LINES = `for x, y in loader:
    loss = criterion(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    mapper.step()                # records the gradient flow every gradient_every steps`;

/** What to do when a run has no gradient records. */
function NoGradients({ store }: { store: Store }) {
  return (
    <div class="nm-empty" data-testid="no-gradients">
      <h1>The run {store.runName.value} has no gradient records</h1>
      <p>
        Call <code>mapper.step()</code> after <code>optimizer.step()</code> in the training script; this
        screen fills as soon as the first step is recorded.
      </p>
      <pre data-testid="step-to-add">{LINES}</pre>
    </div>
  );
}

import { useEffect, useMemo } from "preact/hooks";
import type { Session } from "../../../session";
import { createFlowModel } from "../draw/model";
import type { FlowStage } from "../draw/stage";
import type { Gradients } from "../state/actions";
import type { FlowFrames } from "../state/flow_frames";
import { FlowView } from "./flow_view";
import { Overview } from "./overview";
import { GradientsSide } from "./side";
import { FlowTooltip } from "./tooltip";

interface GradientsProps {
  session: Session;
  gradients: Gradients;
  frames: FlowFrames;
  onStage: (stage: FlowStage | null) => void;
}

/** The gradient flow of a run: neuron by neuron, and all layers over all steps. */
export function GradientsScreen({ session, gradients, frames, onStage }: GradientsProps) {
  const summary = gradients.summary.value;
  if (summary === null) return <p class="nm-words nm-gradients-words">Asking for the gradient records.</p>;
  if (summary.steps.length === 0) return <NoGradients session={session} />;
  return <Views session={session} gradients={gradients} frames={frames} onStage={onStage} />;
}

function Views({ session, gradients, frames, onStage }: GradientsProps) {
  const model = useMemo(() => createFlowModel(session, gradients, frames), [session, gradients, frames]);
  useEffect(() => () => model.dispose(), [model]);
  return (
    <div class="nm-screen nm-gradients">
      <div class="nm-gradients-main">
        <FlowView session={session} gradients={gradients} frames={frames} model={model} onStage={onStage} />
        <Overview session={session} gradients={gradients} />
      </div>
      <GradientsSide session={session} gradients={gradients} frames={frames} />
      <FlowTooltip session={session} gradients={gradients} frames={frames} model={model} />
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
function NoGradients({ session }: { session: Session }) {
  return (
    <div class="nm-empty" data-testid="no-gradients">
      <h1>The run {session.runName.value} has no gradient records</h1>
      <p>
        Call <code>mapper.step()</code> after <code>optimizer.step()</code> in the training script; this
        screen fills as soon as the first step is recorded.
      </p>
      <pre data-testid="step-to-add">{LINES}</pre>
    </div>
  );
}

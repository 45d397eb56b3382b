import { flowColor, type Sign } from "../../../color/flow_colors";
import type { Session } from "../../../session";
import { ScaleBar } from "../../../ui/scale_bar";
import { noGradientText } from "../draw/facts";
import type { Gradients } from "../state/actions";
import type { FlowFrame } from "../types";

const STOPS = [0, 0.2, 0.4, 0.6, 0.8, 1];

interface FlowLegendProps {
  session: Session;
  gradients: Gradients;
  /** Of the displayed step. */
  frame: FlowFrame | null;
}

/** What the colours mean. */
export function FlowLegend(props: FlowLegendProps) {
  return (
    <div class="nm-flow-legend" data-testid="flow-legend">
      <Scales {...props} />
      <Notes {...props} />
    </div>
  );
}

function Scales({ session, gradients }: FlowLegendProps) {
  const theme = session.theme.value;
  const scale = gradients.summary.value?.scale;
  const isGradient = gradients.shown.value === "gradient";
  const row = (label: string, sign: Sign) => {
    return { label, colors: STOPS.map((share) => flowColor(share, sign, theme)) };
  };
  const signed = [row("+", "positive"), row("−", "negative")];
  return (
    <>
      <ScaleBar
        title={isGradient ? "unit: mean |dL/da|, loss per activation" : "unit: mean |activation|"}
        ends={(isGradient ? scale?.unit : scale?.activation) ?? null}
        rows={isGradient ? signed : [row("", "unsigned")]}
        testId="unit-scale"
      />
      <ScaleBar
        title={isGradient ? "connection: |dL/dw|, loss per weight" : "connection: |weight|"}
        ends={(isGradient ? scale?.edge : scale?.weight) ?? null}
        rows={signed}
        testId="edge-scale"
      />
    </>
  );
}

function Notes({ session, gradients, frame }: FlowLegendProps) {
  const isGradient = gradients.shown.value === "gradient";
  const rankedAt = gradients.rankedAt.value;
  const step = session.recordedStep.value;
  return (
    <p class="nm-muted nm-flow-notes">
      <span>
        <i class="nm-mark-zero" /> zero
      </span>
      <span>
        <i class="nm-mark-unknown" /> {isGradient ? noGradientText(frame) : "unknown"}
      </span>
      {rankedAt !== null && hasHidden(gradients) && (
        <span>
          large layers: strongest at step {rankedAt}{" "}
          {/* Keeps its place, so that the network does not move from step to step. */}
          <button
            type="button"
            class="nm-button nm-link"
            style={{ visibility: step === null || step === rankedAt ? "hidden" : "visible" }}
            onClick={() => gradients.actions.unitsRanked(step)}
            data-testid="rank"
          >
            choose at this step
          </button>
        </span>
      )}
    </p>
  );
}

function hasHidden(gradients: Gradients): boolean {
  return gradients.layers.value.some((layer) => layer.n_units > 32);
}

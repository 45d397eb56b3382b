import { flowColor } from "../../../color/flow_colors";
import type { Theme } from "../../../color/palette";
import type { Session } from "../../../session";
import { SidePanels } from "../../../shell/side_panels";
import { Chart, type Series } from "../../../ui/chart";
import { scientific } from "../../../ui/format";
import { IconButton } from "../../../ui/icons";
import { type Fact, unitFacts } from "../draw/facts";
import type { Gradients } from "../state/actions";
import type { FlowFrames } from "../state/flow_frames";
import type { Distributions, Quantiles } from "../types";

const CHART_PX = 118;

/** One neuron through the steps, and the distributions of one layer. */
export function GradientsSide({
  session,
  gradients,
  frames,
}: {
  session: Session;
  gradients: Gradients;
  frames: FlowFrames;
}) {
  return (
    <aside class="nm-side nm-gradients-side" aria-label="One unit, one layer, and findings">
      <PinnedUnit session={session} gradients={gradients} frames={frames} />
      <LayerDistributions session={session} gradients={gradients} />
      <SidePanels session={session} />
    </aside>
  );
}

export function Facts({ facts }: { facts: readonly Fact[] }) {
  return (
    <dl class="nm-facts">
      {facts.map(([name, value, testId]) => [
        <dt key={`${name}-name`}>{name}</dt>,
        <dd key={name} data-testid={testId}>
          {value}
        </dd>,
      ])}
    </dl>
  );
}

function PinnedUnit({
  session,
  gradients,
  frames,
}: {
  session: Session;
  gradients: Gradients;
  frames: FlowFrames;
}) {
  const pinned = gradients.pinned.value;
  const history = gradients.history.value;
  gradients.nFrames.value;
  const frame = session.recordedStep.value === null ? null : frames.get(session.recordedStep.value);
  if (!pinned) {
    return (
      <div class="nm-side-part">
        <h2>Unit</h2>
        <p class="nm-muted">Click a unit to follow it through the steps.</p>
      </div>
    );
  }
  const theme = session.theme.value;
  const common = {
    x: history?.steps ?? [],
    at: session.recordedStep.value,
    height: CHART_PX,
    theme,
    formatY: scientific,
  };
  return (
    <div class="nm-side-part" data-testid="pinned-unit" data-layer={pinned.layer} data-unit={pinned.unit}>
      <div class="nm-side-head">
        <h2>
          {pinned.layer}, unit {pinned.unit}
        </h2>
        <IconButton
          icon="close"
          label="Follow no unit"
          onClick={() => gradients.actions.unitPinned(null)}
          testId="unpin-unit"
        />
      </div>
      {frame && <Facts facts={unitFacts(frame, pinned, []).slice(2)} />}
      <h3>mean |dL/da| over the steps</h3>
      <Chart
        {...common}
        label="Gradient of the unit over the steps"
        series={[{ label: "gradient", values: history?.gradient ?? [], color: lineColor(theme) }]}
        log
        onChoose={session.actions.trainStepChosen}
        testId="history-gradient"
      />
      <h3>mean |activation|</h3>
      <Chart
        {...common}
        label="Activation of the unit over the steps"
        series={[{ label: "activation", values: history?.activation ?? [], color: lineColor(theme) }]}
        onChoose={session.actions.trainStepChosen}
        testId="history-activation"
      />
    </div>
  );
}

function LayerDistributions({ session, gradients }: { session: Session; gradients: Gradients }) {
  const layer = gradients.layer.value;
  const found = gradients.distributions.value;
  if (layer === null) {
    return (
      <div class="nm-side-part">
        <h2>Layer</h2>
        <p class="nm-muted">Choose a layer for the distributions of its weights and gradients.</p>
      </div>
    );
  }
  const theme = session.theme.value;
  return (
    <div class="nm-side-part" data-testid="layer-distributions" data-layer={layer}>
      <div class="nm-side-head">
        <h2>{layer}</h2>
        <IconButton
          icon="close"
          label="Choose no layer"
          onClick={() => gradients.actions.layerChosen(null)}
          testId="unchoose-layer"
        />
      </div>
      {found !== null && found.parameters.length > 1 && (
        <select
          aria-label="Parameter"
          value={found.parameter}
          data-testid="parameter"
          onChange={(event) => gradients.actions.parameterChosen(event.currentTarget.value)}
        >
          {found.parameters.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      )}
      {found === null ? (
        <p class="nm-muted">No parameters are recorded for it.</p>
      ) : (
        (["weight", "gradient"] as const).map((of) => (
          <QuantileChart
            key={of}
            session={session}
            gradients={gradients}
            found={found}
            of={of}
            theme={theme}
          />
        ))
      )}
    </div>
  );
}

interface QuantileProps {
  session: Session;
  gradients: Gradients;
  found: Distributions;
  of: "weight" | "gradient";
  theme: Theme;
}

function QuantileChart({ session, found, of, theme }: QuantileProps) {
  const title = of === "weight" ? found.parameter : `dL/d ${found.parameter}`;
  return (
    <>
      <h3>{title}: smallest, quartiles, largest</h3>
      <Chart
        label={`Distribution of ${title} over the steps`}
        x={found.steps}
        series={quantileSeries(found[of], theme)}
        bands={[
          { between: [4, 0], fill: bandColor(theme, 0.14) },
          { between: [3, 1], fill: bandColor(theme, 0.3) },
        ]}
        at={session.recordedStep.value}
        height={CHART_PX}
        theme={theme}
        formatY={scientific}
        onChoose={session.actions.trainStepChosen}
        testId={`distribution-${of}`}
      />
    </>
  );
}

function quantileSeries(quantiles: Quantiles, theme: Theme): Series[] {
  const color = lineColor(theme);
  return (["min", "q1", "median", "q3", "max"] as const).map((label) => ({
    label,
    values: quantiles[label],
    color: label === "median" ? color : bandColor(theme, 0.55),
    width: label === "median" ? 1.5 : 0.75,
  }));
}

function lineColor(theme: Theme): string {
  return flowColor(theme === "light" ? 1 : 0.85, "unsigned", theme);
}

function bandColor(theme: Theme, opacity: number): string {
  return `${lineColor(theme)}${Math.round(opacity * 255)
    .toString(16)
    .padStart(2, "0")}`;
}

import type { Session } from "../../../session";
import { ControlBar, TrainSteps } from "../../../shell/cursor_controls";
import { integer } from "../../../ui/format";
import { IconButton } from "../../../ui/icons";
import type { Gradients } from "../state/actions";
import { EDGE_LIMITS, type EdgeLimit, PASS_SECONDS, SHOWN, type Shown } from "../state/state";

const SHOWN_TITLES: Record<Shown, string> = { gradient: "gradients", value: "values" };

/** One row: which run, which training step, and how the gradient travels. */
export function GradientControls({ session, gradients }: { session: Session; gradients: Gradients }) {
  return (
    <ControlBar session={session} label="Run and training step">
      <TrainSteps session={session} />
      <FlowControls session={session} gradients={gradients} />
    </ControlBar>
  );
}

/** What is displayed of a step, and how the gradient travels through it. */
function FlowControls({ session, gradients }: { session: Session; gradients: Gradients }) {
  const { actions } = gradients;
  return (
    <div class="nm-playback">
      <Choice
        title="What the colours show: gradients, or activations and weights"
        label="Colours show"
        testId="shown"
        value={gradients.shown.value}
        options={SHOWN.map((shown) => [shown, SHOWN_TITLES[shown]])}
        onChoice={(value) => actions.shownChosen(value as Shown)}
      />
      <Choice
        title="How many connections into each layer are drawn: its strongest at this step"
        label="Connections"
        testId="edge-limit"
        value={String(gradients.edgeLimit.value)}
        options={EDGE_LIMITS.map((limit) => [String(limit), limitText(limit)])}
        onChoice={(value) => actions.edgeLimitChosen(toLimit(value))}
      />
      <Choice
        title="How long the gradient takes from the output to the input, in seconds"
        label="Seconds for a pass"
        testId="pass"
        value={String(gradients.passS.value)}
        options={PASS_SECONDS.map((seconds) => [String(seconds), `${seconds} s a pass`])}
        onChoice={(value) => actions.passChosen(Number(value))}
      />
      <IconButton
        icon="rotate"
        label="Let the gradient travel again (r)"
        onClick={actions.flowReplayed}
        testId="replay"
      />
      <IconButton
        icon="loop"
        label="Play again and again"
        pressed={session.loop.value}
        onClick={session.actions.loopToggled}
        testId="loop"
      />
      <IconButton
        icon="fit"
        label="Show the whole network (0)"
        onClick={actions.flowFitted}
        testId="fit-all"
      />
    </div>
  );
}

interface ChoiceProps {
  title: string;
  label: string;
  testId: string;
  value: string;
  /** Values and their texts. */
  options: readonly (readonly [string, string])[];
  onChoice(value: string): void;
}

function Choice({ title, label, testId, value, options, onChoice }: ChoiceProps) {
  return (
    <label title={title}>
      <span class="nm-hidden">{label}</span>
      <select
        aria-label={label}
        data-testid={testId}
        value={value}
        onChange={(event) => onChoice(event.currentTarget.value)}
      >
        {options.map(([each, text]) => (
          <option key={each} value={each}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

function limitText(limit: EdgeLimit): string {
  if (limit === null) return "all connections";
  return limit === 0 ? "no connections" : `${integer(limit)} a layer`;
}

function toLimit(text: string): EdgeLimit {
  return EDGE_LIMITS.find((limit) => String(limit) === text) ?? null;
}

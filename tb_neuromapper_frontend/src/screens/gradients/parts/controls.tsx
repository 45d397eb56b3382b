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
      <Look session={session} gradients={gradients} />
    </ControlBar>
  );
}

function Look({ session, gradients }: { session: Session; gradients: Gradients }) {
  return (
    <div class="nm-playback">
      <label title="What the colours show: gradients, or activations and weights">
        <span class="nm-hidden">Colours show</span>
        <select
          aria-label="Colours show"
          data-testid="shown"
          value={gradients.shown.value}
          onChange={(event) => gradients.actions.shownChosen(event.currentTarget.value as Shown)}
        >
          {SHOWN.map((shown) => (
            <option key={shown} value={shown}>
              {SHOWN_TITLES[shown]}
            </option>
          ))}
        </select>
      </label>
      <label title="How many connections into each layer are drawn: its strongest at this step">
        <span class="nm-hidden">Connections</span>
        <select
          aria-label="Connections"
          data-testid="edge-limit"
          value={String(gradients.edgeLimit.value)}
          onChange={(event) => gradients.actions.edgeLimitChosen(toLimit(event.currentTarget.value))}
        >
          {EDGE_LIMITS.map((limit) => (
            <option key={limit} value={String(limit)}>
              {limit === null
                ? "all connections"
                : limit === 0
                  ? "no connections"
                  : `${integer(limit)} a layer`}
            </option>
          ))}
        </select>
      </label>
      <label title="How long the gradient takes from the output to the input, in seconds">
        <span class="nm-hidden">Seconds for a pass</span>
        <select
          aria-label="Seconds for a pass"
          data-testid="pass"
          value={String(gradients.passS.value)}
          onChange={(event) => gradients.actions.passChosen(Number(event.currentTarget.value))}
        >
          {PASS_SECONDS.map((seconds) => (
            <option key={seconds} value={String(seconds)}>
              {seconds} s a pass
            </option>
          ))}
        </select>
      </label>
      <IconButton
        icon="rotate"
        label="Let the gradient travel again (r)"
        onClick={gradients.actions.flowReplayed}
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
        onClick={gradients.actions.flowFitted}
        testId="fit-all"
      />
    </div>
  );
}

function toLimit(text: string): EdgeLimit {
  return EDGE_LIMITS.find((limit) => String(limit) === text) ?? null;
}

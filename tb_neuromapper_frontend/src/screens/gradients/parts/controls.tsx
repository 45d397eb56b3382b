import type { Store } from "../../../session/state";
import { indexOfStep } from "../../../session/steps";
import { RunChoice } from "../../../shell/run_choice";
import { ScreenTabs } from "../../../shell/screen_tabs";
import { integer } from "../../../ui/format";
import { IconButton } from "../../../ui/icons";
import { Player } from "../../../ui/player";
import { EDGE_LIMITS, type EdgeLimit, PASS_SECONDS, SHOWN, type Shown } from "../state/state";

const SHOWN_TITLES: Record<Shown, string> = { gradient: "gradients", value: "values" };

/** One row: which run, which training step, and how the gradient travels. */
export function GradientControls({ store }: { store: Store }) {
  return (
    <div class="nm-controls" role="toolbar" aria-label="Run and training step">
      <ScreenTabs store={store} />
      <RunChoice store={store} />
      <TrainSteps store={store} />
      <Look store={store} />
    </div>
  );
}

/** The cursor among the recorded training steps; only the neuron view can play through them. */
export function TrainSteps({ store, plays = true }: { store: Store; plays?: boolean }) {
  const { actions, gradients } = store;
  const steps = gradients.steps.value;
  const step = gradients.step.value;
  const index = step === null ? 0 : indexOfStep(steps, step);
  const epoch = gradients.summary.value?.epochs[index] ?? null;
  const text = step === null ? "no step yet" : `step ${integer(step)}`;
  return (
    <>
      <Player
        noun="step"
        playing={store.playing.value}
        index={index}
        n={steps.length}
        onFirst={actions.firstTrainStep}
        onPrevious={actions.previousTrainStep}
        onPlay={plays ? actions.trainPlayToggled : null}
        onNext={actions.nextTrainStep}
        onLast={actions.lastTrainStep}
      />
      <div class="nm-epoch nm-train-step">
        <div class="nm-slider">
          <input
            type="range"
            aria-label="Training step"
            aria-valuetext={text}
            data-testid="train-slider"
            min={0}
            max={Math.max(1, steps.length - 1)}
            step={1}
            value={index}
            disabled={steps.length < 2}
            onInput={(event) => actions.trainStepChosen(steps[Number(event.currentTarget.value)])}
          />
        </div>
        <output class="nm-train-words" data-testid="train-step">
          {step === null ? "–" : text}
          {step !== null && (
            <span class="nm-muted">
              {" "}
              of {integer(steps[steps.length - 1])}
              {epoch === null ? "" : ` · after epoch ${epoch}`}
            </span>
          )}
        </output>
      </div>
    </>
  );
}

function Look({ store }: { store: Store }) {
  const { actions, gradients } = store;
  return (
    <div class="nm-playback">
      <label title="What the colours show: gradients, or activations and weights">
        <span class="nm-hidden">Colours show</span>
        <select
          aria-label="Colours show"
          data-testid="shown"
          value={gradients.shown.value}
          onChange={(event) => actions.shownChosen(event.currentTarget.value as Shown)}
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
          onChange={(event) => actions.edgeLimitChosen(toLimit(event.currentTarget.value))}
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
          onChange={(event) => actions.passChosen(Number(event.currentTarget.value))}
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
        onClick={actions.flowReplayed}
        testId="replay"
      />
      <IconButton
        icon="loop"
        label="Play again and again"
        pressed={store.loop.value}
        onClick={actions.loopToggled}
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

function toLimit(text: string): EdgeLimit {
  return EDGE_LIMITS.find((limit) => String(limit) === text) ?? null;
}

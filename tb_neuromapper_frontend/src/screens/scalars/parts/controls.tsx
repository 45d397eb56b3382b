import type { Store } from "../../../session/state";
import { indexOfStep } from "../../../session/steps";
import { RunChoice } from "../../../shell/run_choice";
import { ScreenTabs } from "../../../shell/screen_tabs";
import { Player } from "../../../ui/player";
import { TrainSteps } from "../../gradients/parts/controls";
import { MAX_SMOOTHING } from "../state/smoothing";

/** One row: which run, which step, and how the curves are drawn. */
export function ScalarControls({ store }: { store: Store }) {
  const { actions, scalars } = store;
  const weight = scalars.smoothing.value;
  return (
    <div class="nm-controls" role="toolbar" aria-label="Run, step and curves">
      <ScreenTabs store={store} />
      {store.runName.value !== null && <RunChoice store={store} />}
      {store.gradients.steps.value.length > 0 ? (
        <TrainSteps store={store} plays={false} />
      ) : (
        <Epochs store={store} />
      )}
      <div class="nm-playback nm-scalar-look">
        <label
          class="nm-smoothing"
          title="Exponential moving average, as in TensorBoard's own scalars; 0 = none"
        >
          smoothing
          <input
            type="range"
            min={0}
            max={MAX_SMOOTHING}
            step={0.01}
            value={weight}
            aria-valuetext={weight.toFixed(2)}
            data-testid="smoothing"
            onInput={(event) => actions.smoothingChosen(Number(event.currentTarget.value))}
          />
          <output data-testid="smoothing-weight">{weight.toFixed(2)}</output>
        </label>
        <label title="Logarithmic axes; what is not positive is not drawn">
          <input
            type="checkbox"
            checked={scalars.log.value}
            data-testid="log-scale"
            onChange={actions.logToggled}
          />
          log
        </label>
        <input
          type="search"
          class="nm-tag-filter"
          aria-label="Filter of tags, a regular expression"
          placeholder="filter tags"
          value={scalars.filter.value}
          data-testid="tag-filter"
          onInput={(event) => actions.tagsFiltered(event.currentTarget.value)}
        />
      </div>
    </div>
  );
}

/** The epochs, where no training steps are recorded. */
function Epochs({ store }: { store: Store }) {
  const { actions } = store;
  const steps = store.steps.value;
  const step = store.step.value;
  const index = step === null ? 0 : indexOfStep(steps, step);
  const text = step === null ? "no epoch yet" : `epoch ${step}`;
  if (store.runName.value === null) return null;
  return (
    <>
      <Player
        noun="epoch"
        playing={store.playing.value}
        index={index}
        n={steps.length}
        onFirst={actions.firstStep}
        onPrevious={actions.previousStep}
        onPlay={null}
        onNext={actions.nextStep}
        onLast={actions.lastStep}
      />
      <output class="nm-train-words" data-testid="epoch">
        {text}
        {step !== null && <span class="nm-muted"> of {steps.at(-1)}</span>}
      </output>
    </>
  );
}

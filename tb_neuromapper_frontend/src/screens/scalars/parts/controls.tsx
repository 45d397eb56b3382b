import type { Session } from "../../../session";
import { ControlBar, EpochSteps, TrainSteps } from "../../../shell/cursor_controls";
import type { Scalars } from "../state/actions";
import { MAX_SMOOTHING } from "../state/smoothing";

/** One row: which run, which step, and how the curves are drawn. */
export function ScalarControls({ session, scalars }: { session: Session; scalars: Scalars }) {
  const weight = scalars.smoothing.value;
  return (
    <ControlBar session={session} label="Run, step and curves">
      {session.trainSteps.value.length > 0 ? (
        <TrainSteps session={session} plays={false} />
      ) : (
        <EpochSteps session={session} />
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
            onInput={(event) => scalars.actions.smoothingChosen(Number(event.currentTarget.value))}
          />
          <output data-testid="smoothing-weight">{weight.toFixed(2)}</output>
        </label>
        <label title="Logarithmic axes; what is not positive is not drawn">
          <input
            type="checkbox"
            checked={scalars.log.value}
            data-testid="log-scale"
            onChange={scalars.actions.logToggled}
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
          onInput={(event) => scalars.actions.tagsFiltered(event.currentTarget.value)}
        />
      </div>
    </ControlBar>
  );
}

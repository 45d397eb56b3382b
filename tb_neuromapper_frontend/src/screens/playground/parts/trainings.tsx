import type { Session } from "../../../session";
import { percent } from "../../../ui/format";
import type { Playground } from "../state/actions";
import type { Trainer } from "../state/load";
import { isUnderWay } from "../state/state";
import type { Training } from "../types";

/** The trainings of this TensorBoard, newest first. */
export function Trainings({
  session,
  playground,
  trainer,
}: {
  session: Session;
  playground: Playground;
  trainer: Trainer;
}) {
  const trainings = playground.trainings.value;
  return (
    <section class="nm-trainings" aria-labelledby="nm-trainings-title">
      <h2 id="nm-trainings-title">Trainings</h2>
      {trainings.length === 0 && (
        <p class="nm-muted">None yet. A training becomes an ordinary run and is shown while it trains.</p>
      )}
      <ul data-testid="trainings">
        {trainings.map((training) => (
          <Item
            key={training.id}
            session={session}
            playground={playground}
            training={training}
            trainer={trainer}
          />
        ))}
      </ul>
    </section>
  );
}

function Item({
  session,
  training,
  trainer,
}: {
  session: Session;
  playground: Playground;
  training: Training;
  trainer: Trainer;
}) {
  const { id, run, state, message, progress, command } = training;
  const isListed = session.runs.value?.runs.some(({ name }) => name === run) === true;
  return (
    <li class="nm-training" data-testid="training" data-run={run} data-state={state}>
      <div class="nm-training-head">
        <strong>{run}</strong>
        <span class={state === "failed" ? "nm-error" : "nm-muted"}>
          {isUnderWay(training) ? `${state} ${percent(progress)}` : state}
        </span>
        <button
          type="button"
          class="nm-button nm-outlined"
          disabled={!isListed}
          title={isListed ? undefined : "TensorBoard has not found the run yet"}
          onClick={() => trainer.show(run)}
          aria-label={`show ${run}`}
          data-testid="show-training"
        >
          show
        </button>
        {isUnderWay(training) && (
          <button
            type="button"
            class="nm-button nm-outlined"
            onClick={() => trainer.stop(id)}
            aria-label={`stop ${run}`}
            data-testid="stop-training"
          >
            stop
          </button>
        )}
      </div>
      <progress value={progress} max={1} aria-label={`Progress of ${run}`} />
      <p class={state === "failed" ? "nm-error" : undefined}>{message}</p>
      <code>{command}</code>
    </li>
  );
}

/** On every other screen: what trains now, and a button to stop it. */
export function TrainingStatus({
  session,
  playground,
  trainer,
}: {
  session: Session;
  playground: Playground;
  trainer: Trainer;
}) {
  const [now] = playground.underWay.value;
  if (!now || session.screen.value === "playground") return null;
  return (
    <p class="nm-training-now" data-testid="training-now">
      <span>
        training {now.run}: {now.message}
      </span>
      <button
        type="button"
        class="nm-button nm-outlined"
        onClick={() => trainer.stop(now.id)}
        data-testid="stop-now"
      >
        stop
      </button>
    </p>
  );
}

import type { Session } from "../../../session";
import type { Playground } from "../state/actions";
import type { Trainer } from "../state/load";
import { TrainingForm } from "./form";
import { Trainings } from "./trainings";

/** Shape a fully connected network and train it. */
export function PlaygroundScreen({
  session,
  playground,
  trainer,
}: {
  session: Session;
  playground: Playground;
  trainer: Trainer;
}) {
  const { form, refusal } = playground;
  return (
    <div class="nm-playground" data-testid="playground">
      {session.runs.value?.playground === false && <Off />}
      {form.value && (
        <TrainingForm session={session} playground={playground} form={form.value} trainer={trainer} />
      )}
      <div class="nm-playground-side">
        {refusal.value && (
          <p class="nm-error" role="alert" data-testid="refusal">
            {refusal.value}
          </p>
        )}
        {form.value && <Trainings session={session} playground={playground} trainer={trainer} />}
      </div>
    </div>
  );
}

function Off() {
  return (
    <p data-testid="playground-off">
      The playground is off. Start TensorBoard with <code>--neuromapper_playground</code>, on the machine
      where it trains.
    </p>
  );
}

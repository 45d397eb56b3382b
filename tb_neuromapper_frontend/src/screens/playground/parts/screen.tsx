import type { Store } from "../../../session/state";
import { ScreenTabs } from "../../../shell/screen_tabs";
import type { Trainer } from "../state/load";
import { TrainingForm } from "./form";
import { Trainings } from "./trainings";

/** Shape a fully connected network and train it. */
export function PlaygroundScreen({ store, trainer }: { store: Store; trainer: Trainer }) {
  const { form, refusal } = store.playground;
  return (
    <>
      <div class="nm-controls" role="toolbar" aria-label="Screens">
        <ScreenTabs store={store} />
      </div>
      <div class="nm-playground" data-testid="playground">
        {store.runs.value?.playground === false && <Off />}
        {form.value && <TrainingForm store={store} form={form.value} trainer={trainer} />}
        <div class="nm-playground-side">
          {refusal.value && (
            <p class="nm-error" role="alert" data-testid="refusal">
              {refusal.value}
            </p>
          )}
          {form.value && <Trainings store={store} trainer={trainer} />}
        </div>
      </div>
    </>
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

import type { Session } from "../../../session";
import { count } from "../../../ui/format";
import type { Playground } from "../state/actions";
import type { Trainer } from "../state/load";
import { hasProblem, problemOf, unitsOf } from "../state/state";
import type { FormField, PlaygroundForm } from "../types";
import { LayersField } from "./layers_field";
import { NetworkPicture } from "./network_picture";

interface FormProps {
  session: Session;
  playground: Playground;
  form: PlaygroundForm;
  trainer: Trainer;
}

/** What to train. Everything wrong is said beside its field. */
export function TrainingForm({ session, playground, form, trainer }: FormProps) {
  const draft = playground.draft.value;
  const units = unitsOf(form, draft);
  const isFull = playground.underWay.value.length >= form.limits.max_running;
  const cannot = form.why_not !== "" || isFull || hasProblem(form, draft);
  return (
    <form
      class="nm-training-form"
      aria-label="Network and training"
      data-testid="training-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (!cannot) trainer.start();
      }}
    >
      {units ? <NetworkPicture units={units} /> : <NoPicture />}
      {form.fields.map((field) => (
        <FieldRow key={field.name} session={session} playground={playground} form={form} field={field} />
      ))}
      <div class="nm-form-buttons">
        <button
          type="submit"
          class="nm-button nm-primary"
          disabled={cannot || playground.sending.value}
          data-testid="start-training"
        >
          start training
        </button>
        <button
          type="button"
          class="nm-button"
          onClick={playground.actions.draftReset}
          data-testid="reset-training"
        >
          defaults
        </button>
        <p class="nm-form-words" role="status" data-testid="start-words">
          {form.why_not || awaitedText(playground.awaited.value) || (isFull ? fullText(form) : "")}
        </p>
      </div>
    </form>
  );
}

function NoPicture() {
  return (
    <div class="nm-network nm-network-empty nm-muted">
      The network is drawn once every layer has a whole number of units.
    </div>
  );
}

function awaitedText(run: string | null): string {
  return run === null ? "" : `${run} has started; this page goes there as soon as TensorBoard has found it.`;
}

function fullText({ limits }: PlaygroundForm): string {
  return `${count(limits.max_running, "training")} at once are the most; stop one, or wait for its end.`;
}

function FieldRow({
  session,
  playground,
  form,
  field,
}: {
  session: Session;
  playground: Playground;
  form: PlaygroundForm;
  field: FormField;
}) {
  const draft = playground.draft.value;
  const missing = field.name === "data" ? (form.data_sets[draft.values.data ?? ""]?.missing ?? "") : "";
  const problem = missing || problemOf(field, draft);
  const id = `nm-field-${field.name}`;
  const wordsId = `${id}-words`;
  return (
    <div class="nm-field">
      {field.kind === "layers" ? (
        <span class="nm-label">{field.label}</span>
      ) : (
        <label class="nm-label" for={id}>
          {field.label}
        </label>
      )}
      {field.kind === "layers" ? (
        <LayersField
          session={session}
          playground={playground}
          maxLayers={field.max_layers}
          wordsId={wordsId}
          problem={problem}
        />
      ) : (
        <Control
          session={session}
          playground={playground}
          field={field}
          id={id}
          wordsId={wordsId}
          invalid={problem !== ""}
        />
      )}
      <span
        class={problem ? "nm-field-words nm-error" : "nm-field-words nm-muted"}
        id={wordsId}
        data-testid={`words-${field.name}`}
      >
        {problem || field.hint}
      </span>
    </div>
  );
}

interface ControlProps {
  session: Session;
  playground: Playground;
  field: Exclude<FormField, { kind: "layers" }>;
  id: string;
  wordsId: string;
  invalid: boolean;
}

function Control({ playground, field, id, wordsId, invalid }: ControlProps) {
  const value = playground.draft.value.values[field.name] ?? "";
  const type = (event: { currentTarget: { value: string } }) =>
    playground.actions.fieldTyped(field.name, event.currentTarget.value);
  const shared = { id, "aria-describedby": wordsId, "aria-invalid": invalid };
  if (field.kind === "choice") {
    return (
      <select {...shared} value={value} onChange={type} data-testid={`field-${field.name}`}>
        {field.choices.map(({ name, title }) => (
          <option key={name} value={name}>
            {title}
          </option>
        ))}
      </select>
    );
  }
  const mode = { integer: "numeric", number: "decimal", name: "text" } as const;
  return (
    <input
      {...shared}
      class="nm-input"
      autocomplete="off"
      spellcheck={false}
      inputMode={mode[field.kind]}
      value={value}
      onInput={type}
      data-testid={`field-${field.name}`}
    />
  );
}

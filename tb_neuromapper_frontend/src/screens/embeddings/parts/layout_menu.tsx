import { useState } from "preact/hooks";
import type { Session } from "../../../session";
import { percent } from "../../../ui/format";
import { Menu } from "../../../ui/menu";
import type { Embeddings } from "../state/actions";
import { ALL, CHOICES, isAllowed, keyOf, NUMBER_SPECS, settingText } from "../state/parameters";
import type { Tried } from "../state/state";
import type { Parameters } from "../types";

/** How the layout is computed, and how good it came out. */
export function LayoutMenu({ session, embeddings }: { session: Session; embeddings: Embeddings }) {
  const settings = embeddings.settings.value;
  const isDefault = Object.values(settings).every((parameters) => Object.keys(parameters).length === 0);
  if (session.runs.value?.exported) return <ExportedLayout embeddings={embeddings} />;
  return (
    <Menu label="Layout" changed={!isDefault} aside testId="layout-menu">
      <LayoutForm embeddings={embeddings} />
      <TriedTable embeddings={embeddings} />
    </Menu>
  );
}

/** Back to the setting before this one, and forth. */
export function PreviousLayout({ session, embeddings }: { session: Session; embeddings: Embeddings }) {
  if (embeddings.previousSettings.value === null || session.runs.value?.exported) return null;
  return (
    <button
      type="button"
      class="nm-button nm-menu-button"
      title="Back to the layout's setting before this one"
      data-testid="layout-previous"
      onClick={embeddings.actions.previousLayout}
    >
      previous layout
    </button>
  );
}

/** Without a server nothing can be computed: the settings and the figures of what there is. */
function ExportedLayout({ embeddings }: { embeddings: Embeddings }) {
  return (
    <Menu label="Layout" testId="layout-menu">
      <p class="nm-muted nm-layout-exported" data-testid="layout-exported">
        This is an exported page: its layouts are as they were computed. Other settings need TensorBoard.
      </p>
      <TriedTable embeddings={embeddings} />
    </Menu>
  );
}

function LayoutForm({ embeddings }: { embeddings: Embeddings }) {
  const [block, setBlock] = useState(ALL);
  const settings = embeddings.settings.value;
  const current = { ...settings[ALL], ...settings[block] };
  return (
    <form
      class="nm-layout-form"
      data-testid="layout-form"
      onSubmit={(event) => {
        event.preventDefault();
        embeddings.actions.layoutChosen(block, read(new FormData(event.currentTarget)));
      }}
    >
      <label>
        <span>for</span>
        <select
          value={block}
          data-testid="layout-block"
          onChange={(event) => setBlock(event.currentTarget.value)}
        >
          <option value={ALL}>all blocks</option>
          {embeddings.blocks.value.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <Fields key={`${block} ${JSON.stringify(settings)}`} current={current} />
      <div class="nm-form-buttons">
        <button type="submit" class="nm-button nm-primary" data-testid="layout-compute">
          compute
        </button>
        <button
          type="button"
          class="nm-button"
          data-testid="layout-reset"
          onClick={embeddings.actions.layoutReset}
        >
          defaults
        </button>
      </div>
    </form>
  );
}

function Fields({ current }: { current: Parameters }) {
  return (
    <>
      {NUMBER_SPECS.map(({ name, label, title, min, max, step, fallback }) => (
        <label key={name} title={`${title}; ${min} to ${max}`}>
          <span>{label}</span>
          <input
            type="number"
            name={name}
            min={min}
            max={max}
            step={step < 1 ? "any" : step}
            required
            defaultValue={String(current[name] ?? fallback)}
            data-testid={`layout-${name}`}
          />
        </label>
      ))}
      {(["metric", "engine"] as const).map((name) => (
        <label key={name}>
          <span>{name}</span>
          <select name={name} defaultValue={current[name] ?? CHOICES[name][0]} data-testid={`layout-${name}`}>
            {CHOICES[name].map((choice) => (
              <option key={choice} value={choice} selected={choice === (current[name] ?? CHOICES[name][0])}>
                {choice}
              </option>
            ))}
          </select>
        </label>
      ))}
    </>
  );
}

function read(form: FormData): Parameters {
  const parameters: Record<string, number | string> = {};
  for (const spec of NUMBER_SPECS) {
    const value = Number(form.get(spec.name));
    if (isAllowed(spec, value)) parameters[spec.name] = value;
  }
  for (const name of ["metric", "engine"] as const) parameters[name] = String(form.get(name));
  return parameters as Parameters;
}

/** The figures of every setting that was computed, means over blocks and epochs. */
function TriedTable({ embeddings }: { embeddings: Embeddings }) {
  const bySetting = new Map<string, Tried[]>();
  for (const tried of embeddings.tried.value) {
    const key = keyOf(tried.parameters);
    bySetting.set(key, [...(bySetting.get(key) ?? []), tried]);
  }
  if (bySetting.size === 0) return null;
  return (
    <table class="nm-tried" data-testid="tried">
      <thead>
        <tr>
          <th scope="col">setting</th>
          <th
            scope="col"
            title="Trustworthiness: how few of the neighbours in the picture are strangers in the network"
          >
            trust
          </th>
          <th
            scope="col"
            title="Preservation: the share of a sample's neighbours in the network that are its neighbours in the picture"
          >
            kept
          </th>
          <th
            scope="col"
            title="Movement: mean way of a sample from one epoch to the next, in % of the picture's radius (root mean square)"
          >
            moved
          </th>
        </tr>
      </thead>
      <tbody>
        {[...bySetting].map(([key, tried]) => (
          <tr key={key}>
            <th scope="row">{settingText(tried[0].parameters)}</th>
            <td>{mean(tried, "trustworthiness", percent)}</td>
            <td>{mean(tried, "preservation", percent)}</td>
            <td>{mean(tried, "movement", percent)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function mean(
  tried: readonly Tried[],
  figure: "trustworthiness" | "preservation" | "movement",
  format: (value: number) => string,
): string {
  const values = tried.map((each) => each[figure]).filter((value) => value !== null);
  return values.length === 0 ? "–" : format(values.reduce((sum, value) => sum + value, 0) / values.length);
}

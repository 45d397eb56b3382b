import type { Store } from "../session/state";

/** The run that all screens show. */
export function RunChoice({ store }: { store: Store }) {
  const runs = store.runs.value?.runs ?? [];
  return (
    <label class="nm-run">
      <span class="nm-label">Run</span>
      <select
        aria-label="Run"
        data-testid="run"
        value={store.runName.value ?? ""}
        onChange={(event) => store.actions.runSelected(event.currentTarget.value)}
      >
        {runs.map(({ name }) => (
          <option key={name} value={name}>
            {name === "." ? "(log directory)" : name}
          </option>
        ))}
      </select>
    </label>
  );
}

import type { Session } from "../session";

/** The run that all screens show. */
export function RunChoice({ session }: { session: Session }) {
  const runs = session.runs.value?.runs ?? [];
  return (
    <label class="nm-run">
      <span class="nm-label">Run</span>
      <select
        aria-label="Run"
        data-testid="run"
        value={session.runName.value ?? ""}
        onChange={(event) => session.actions.runSelected(event.currentTarget.value)}
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

import type { Session } from "../../../session";
import type { Embeddings } from "../state/actions";
import { comparableRuns } from "../state/run_pair";

/** Which run is shown beside the first, in the same space. */
export function ComparisonChoice({ session, embeddings }: { session: Session; embeddings: Embeddings }) {
  const others = comparableRuns(session.runs.value, session.runName.value);
  if (others.length === 0) return null;
  return (
    <label class="nm-run nm-beside" title="Show another run beside this one: both in one space, by sample id">
      <span class="nm-hidden">beside</span>
      <select
        aria-label="Run beside it"
        data-testid="beside"
        value={embeddings.comparedName.value ?? ""}
        onChange={(event) => embeddings.actions.comparisonChosen(event.currentTarget.value || null)}
      >
        <option value="">beside …</option>
        {others.map((name) => (
          <option key={name} value={name}>
            {name === "." ? "(log directory)" : name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** How many samples two runs share, if these are not all; "" otherwise. */
export function commonText(embeddings: Embeddings): string {
  const pair = embeddings.projections.value.find(({ runs }) => runs !== undefined);
  if (!pair?.n_samples || pair.n_common === undefined) return "";
  const [first, second] = pair.n_samples;
  if (first === pair.n_common && second === pair.n_common) return "";
  return `${pair.n_common} samples in both runs (${first} and ${second})`;
}

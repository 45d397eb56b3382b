import type { Session } from "../../../session";
import { lineOfRun } from "../draw/colors";
import type { Scalars } from "../state/actions";
import { LineSwatch } from "./swatch";

/** Which runs are drawn, and in which colours. */
export function Runs({ session, scalars }: { session: Session; scalars: Scalars }) {
  const hidden = scalars.hiddenRuns.value;
  const runs = scalars.order.value.filter((run) => scalars.index.value?.runs[run]);
  const theme = session.theme.value;
  return (
    <div class="nm-side-part">
      <div class="nm-side-head">
        <h2>Runs</h2>
        <button
          type="button"
          class="nm-button"
          disabled={hidden.size === 0}
          data-testid="runs-all"
          onClick={scalars.actions.allRunsShown}
        >
          all
        </button>
      </div>
      <ul class="nm-scalar-runs">
        {runs.map((run) => {
          const { color, dash } = lineOfRun(scalars, run, theme);
          return (
            <li key={run} class="nm-class">
              <button
                type="button"
                class="nm-button nm-class-toggle"
                aria-pressed={!hidden.has(run)}
                title={run}
                data-testid="scalar-run"
                data-run={run}
                data-color={color}
                onClick={() => scalars.actions.runShown(run, hidden.has(run))}
              >
                <LineSwatch color={color} dash={dash} />
                <span class="nm-class-name">{run === "." ? "(log directory)" : run}</span>
              </button>
              <button
                type="button"
                class="nm-button nm-only"
                aria-label={`Only ${run}`}
                data-testid="only-run"
                onClick={() => scalars.actions.onlyRunShown(run)}
              >
                only
              </button>
            </li>
          );
        })}
      </ul>
    </div>
  );
}

import { useSignal } from "@preact/signals";
import type { Session } from "../session";
import { count } from "../ui/format";
import { IconButton } from "../ui/icons";

/** One line at the foot: what is shown, what is under way, what is wrong. */
export function StatusLine({ session }: { session: Session }) {
  const { actions } = session;
  const screens = session.screens.value;
  const words = screens.map((screen) => screen.words?.() ?? "").find(Boolean);
  const failure = session.failure.value;
  return (
    <footer class="nm-status">
      <p role="status" aria-live="polite" data-testid="status">
        {words ?? (session.runs.value ? "" : "Asking TensorBoard for the runs.")}
      </p>
      {screens.map(({ name, Status }) => Status && <Status key={name} />)}
      {failure && (
        <p class="nm-error nm-failure" role="alert" data-testid="failure">
          {failure}
          <IconButton icon="close" label="Dismiss" onClick={actions.failureDismissed} />
        </p>
      )}
      {session.connection.value.state === "lost" && (
        <p class="nm-error" role="alert" data-testid="connection">
          TensorBoard does not answer. What is shown stays; trying again.
        </p>
      )}
      {session.interrupted.value && (
        <p class="nm-error" role="alert" data-testid="interrupted">
          The graphics card was taken away. The points come back with it; if they do not, reload the page.
        </p>
      )}
      <Problems problems={problemsOf(session)} />
    </footer>
  );
}

/** Of the run, and what the screens know beside that. */
function problemsOf({ summary, run, screens }: Session): string[] {
  const own = summary.value?.problems ?? run.value?.problems ?? [];
  return [...new Set([...own, ...screens.value.flatMap((screen) => screen.problems?.() ?? [])])];
}

function Problems({ problems }: { problems: string[] }) {
  const open = useSignal(false);
  if (problems.length === 0) return null;
  return (
    <>
      <button
        type="button"
        class="nm-button nm-problems-button"
        aria-expanded={open.value}
        data-testid="problems-button"
        onClick={() => {
          open.value = !open.value;
        }}
      >
        {count(problems.length, "problem")} in the log
      </button>
      {open.value && (
        <ul class="nm-problems" data-testid="problems">
          {problems.map((problem) => (
            <li key={problem}>{problem}</li>
          ))}
        </ul>
      )}
    </>
  );
}

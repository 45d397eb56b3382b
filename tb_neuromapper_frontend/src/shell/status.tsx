import { useSignal } from "@preact/signals";
import { commonWords } from "../screens/embeddings/parts/pair_choice";
import type { FlowFrames } from "../screens/gradients/state/flow_frames";
import { TrainingStatus } from "../screens/playground/parts/trainings";
import type { Trainer } from "../screens/playground/state/load";
import { isActive, type Store } from "../session/state";
import { count, integer, percent } from "../ui/format";
import { IconButton } from "../ui/icons";

interface StatusProps {
  store: Store;
  trainer: Trainer;
  flowFrames: FlowFrames;
  /** Stops the layouts that are computed. */
  onCancel: () => void;
}

/** One line at the foot: what is shown, what is under way, what is wrong. */
export function StatusLine({ store, trainer, flowFrames, onCancel }: StatusProps) {
  const open = useSignal(false);
  const problems = [...new Set([...problemsOf(store), ...stepProblems(store, flowFrames)])];
  const connection = store.connection.value;
  const failure = store.failure.value;
  return (
    <footer class="nm-status">
      <p role="status" aria-live="polite" data-testid="status">
        {progressWords(store) || factWords(store)}
      </p>
      {store.computing.value && (
        <button type="button" class="nm-button" data-testid="cancel" onClick={onCancel}>
          cancel
        </button>
      )}
      {!store.computing.value && store.newest.value.some(({ state }) => state === "cancelled") && (
        <button
          type="button"
          class="nm-button"
          data-testid="compute-again"
          onClick={store.actions.layoutRequested}
        >
          compute again
        </button>
      )}
      <TrainingStatus store={store} trainer={trainer} />
      {failure && (
        <p class="nm-error nm-failure" role="alert" data-testid="failure">
          {failure}
          <IconButton icon="close" label="Dismiss" onClick={store.actions.failureDismissed} />
        </p>
      )}
      {connection.state === "lost" && (
        <p class="nm-error" role="alert" data-testid="connection">
          TensorBoard does not answer. What is shown stays; trying again.
        </p>
      )}
      {store.interrupted.value && (
        <p class="nm-error" role="alert" data-testid="interrupted">
          The graphics card was taken away. The points come back with it; if they do not, reload the page.
        </p>
      )}
      {problems.length > 0 && (
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
      )}
      {open.value && problems.length > 0 && (
        <ul class="nm-problems" data-testid="problems">
          {problems.map((problem) => (
            <li key={problem}>{problem}</li>
          ))}
        </ul>
      )}
    </footer>
  );
}

/** Of the run, and of the one beside it with its name. */
function problemsOf(store: Store): string[] {
  const own = store.summary.value?.problems ?? store.run.value?.problems ?? [];
  const name = store.beside.value;
  const other = store.runs.value?.runs.find((each) => each.name === name)?.problems ?? [];
  const ofGradients = store.gradients.summary.value?.problems ?? [];
  return [...own, ...ofGradients, ...other.map((problem) => `${name}: ${problem}`)];
}

/** Of the training step on view. */
function stepProblems({ screen, gradients }: Store, frames: FlowFrames): string[] {
  gradients.nFrames.value;
  const step = gradients.step.value;
  if (screen.value !== "gradients" || step === null) return [];
  return (frames.get(step)?.problems ?? []).map((problem) => `step ${integer(step)}: ${problem}`);
}

function factWords(store: Store): string {
  const run = store.run.value;
  if (!run) return store.runs.value ? "" : "Asking TensorBoard for the runs.";
  const parts = [
    sampleWords(run.n_samples, store.sampling.value.size ?? run.n_samples),
    count(run.blocks.length, "block"),
    count(run.steps.length, "epoch"),
  ];
  const common = commonWords(store);
  if (common) parts.push(common);
  if (store.runs.value?.exported) parts.push("exported page");
  return parts.join(" · ");
}

function sampleWords(n: number, size: number): string {
  return size < n ? `${integer(size)} of ${count(n, "sample")}` : count(n, "sample");
}

function progressWords(store: Store): string {
  const active = store.newest.value.filter(isActive);
  if (active.length === 0) return "";
  const running = active.find(({ state }) => state === "running");
  if (!running) return `${count(active.length, "layout")} waiting to be computed`;
  const rest = active.length > 1 ? `, ${active.length - 1} more to go` : "";
  return `${running.block}: ${running.message || "laying out"} (${percent(running.progress)})${rest}`;
}

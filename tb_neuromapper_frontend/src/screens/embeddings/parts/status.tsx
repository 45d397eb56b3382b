import type { Session } from "../../../session";
import { count, integer, percent } from "../../../ui/format";
import type { Embeddings } from "../state/actions";
import { isActive } from "../state/state";
import { commonText } from "./comparison_choice";

/** Stops the layouts that are computed, or takes up again what was stopped. */
export function LayoutStatus({ embeddings, onCancel }: { embeddings: Embeddings; onCancel: () => void }) {
  if (embeddings.computing.value)
    return (
      <button type="button" class="nm-button" data-testid="cancel" onClick={onCancel}>
        cancel
      </button>
    );
  if (!embeddings.newest.value.some(({ state }) => state === "cancelled")) return null;
  return (
    <button
      type="button"
      class="nm-button"
      data-testid="compute-again"
      onClick={embeddings.actions.layoutRequested}
    >
      compute again
    </button>
  );
}

/** What the displayed run has. */
export function factText(session: Session, embeddings: Embeddings): string {
  const run = session.run.value;
  if (!run) return "";
  const parts = [
    sampleText(run.n_samples, embeddings.sampling.value.size ?? run.n_samples),
    count(run.blocks.length, "block"),
    count(run.steps.length, "epoch"),
  ];
  const common = commonText(embeddings);
  if (common) parts.push(common);
  if (session.runs.value?.exported) parts.push("exported page");
  return parts.join(" · ");
}

function sampleText(n: number, size: number): string {
  return size < n ? `${integer(size)} of ${count(n, "sample")}` : count(n, "sample");
}

/** What is computed, "": nothing. */
export function progressText({ newest }: Embeddings): string {
  const active = newest.value.filter(isActive);
  if (active.length === 0) return "";
  const running = active.find(({ state }) => state === "running");
  if (!running) return `${count(active.length, "layout")} waiting to be computed`;
  const rest = active.length > 1 ? `, ${active.length - 1} more to go` : "";
  return `${running.block}: ${running.message || "laying out"} (${percent(running.progress)})${rest}`;
}

import type { Session } from "../session";

const LINES = `from tb_neuromapper import NeuroMapper

with NeuroMapper(model, "LOGDIR/my-run", probe=validation_subset) as mapper:
    for epoch in range(n_epochs):
        ...                          # train as before; after each optimizer step:
        mapper.step()
        mapper.log_epoch(epoch)      # after each epoch`;

/** What to do when no run has anything for us. */
export function Empty({ session }: { session: Session }) {
  const runs = session.runs.value;
  const others = runs?.other_runs.length ?? 0;
  const logDir = runs?.log_dir || "runs";
  return (
    <div class="nm-empty" data-testid="empty">
      <h1>No run here has NeuroMapper data yet</h1>
      <p>
        {others === 0
          ? `TensorBoard finds no run in ${logDir}.`
          : `TensorBoard finds ${others === 1 ? "one run" : `${others} runs`} in ${logDir}, but without NeuroMapper records.`}{" "}
        Add these four lines to the training script; this page fills as soon as the first epoch is logged.
      </p>
      <pre data-testid="lines-to-add">{LINES.replace("LOGDIR", logDir)}</pre>
      {session.screens.value.map(({ name, Offer }) => Offer && <Offer key={name} />)}
      <p class="nm-muted">
        <code>probe</code> is a data set of some hundred to some thousand samples that is looked at after
        every epoch.
      </p>
    </div>
  );
}

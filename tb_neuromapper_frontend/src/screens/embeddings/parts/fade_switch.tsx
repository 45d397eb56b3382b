import { percent } from "../../../ui/format";
import type { Embeddings } from "../state/actions";
import { misrepresentedShare } from "../state/preservation";

const TITLE =
  "Fade the points of whose 15 nearest neighbours in the block the picture shows less than a third near them.";

/** Points whose neighbourhood the picture misrepresents can be faded. */
export function FadeSwitch({ embeddings }: { embeddings: Embeddings }) {
  const panels = embeddings.panels.value;
  const shown = embeddings.projections.value
    .filter(({ block }) => panels.includes(block))
    .map(({ id }) => id);
  const known = Object.values(embeddings.preservation.value).filter(({ id }) => shown.includes(id));
  const share = embeddings.fading.value ? misrepresentedShare(known) : null;
  return (
    <label class="nm-fade" title={TITLE}>
      <input
        type="checkbox"
        checked={embeddings.fading.value}
        onChange={embeddings.actions.fadingToggled}
        data-testid="fade"
      />
      fade misplaced
      <span class="nm-muted" data-testid="fade-share">
        {share === null ? "" : percent(share)}
      </span>
    </label>
  );
}

import type { Store } from "../../../session/state";
import { percent } from "../../../ui/format";
import { misrepresentedShare } from "../state/preservation";

const TITLE =
  "Fade the points of whose 15 nearest neighbours in the block the picture shows less than a third near them.";

/** Points whose neighbourhood the picture misrepresents can be faded. */
export function FadeSwitch({ store }: { store: Store }) {
  const panels = store.panels.value;
  const shown = store.projections.value.filter(({ block }) => panels.includes(block)).map(({ id }) => id);
  const known = Object.values(store.preservation.value).filter(({ id }) => shown.includes(id));
  const share = store.fading.value ? misrepresentedShare(known) : null;
  return (
    <label class="nm-fade" title={TITLE}>
      <input
        type="checkbox"
        checked={store.fading.value}
        onChange={store.actions.fadingToggled}
        data-testid="fade"
      />
      fade misplaced
      <span class="nm-muted" data-testid="fade-share">
        {share === null ? "" : percent(share)}
      </span>
    </label>
  );
}

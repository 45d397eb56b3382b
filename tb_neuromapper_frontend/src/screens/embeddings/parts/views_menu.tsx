import type { Store } from "../../../session/state";
import { IconButton } from "../../../ui/icons";
import { Menu } from "../../../ui/menu";

/** Which blocks have a view, and in which order. */
export function ViewsMenu({ store }: { store: Store }) {
  const blocks = store.blocks.value;
  const views = store.views.value;
  const { actions } = store;
  const hidden = blocks.filter((block) => !views.includes(block));
  return (
    <Menu label={`Views ${views.length}/${blocks.length}`} testId="views-menu">
      <ul class="nm-views-list" aria-label="Views">
        {[...views, ...hidden].map((block) => (
          <li key={block}>
            <label class="nm-view-name">
              <input
                type="checkbox"
                checked={views.includes(block)}
                disabled={views.length === 1 && views[0] === block}
                onChange={() => actions.viewToggled(block)}
                data-testid={`view-${block}`}
              />
              <span>{block}</span>
            </label>
            <IconButton
              icon="up"
              label={`Move ${block} forward`}
              disabled={views.indexOf(block) <= 0}
              onClick={() => actions.viewMoved(block, -1)}
            />
            <IconButton
              icon="down"
              label={`Move ${block} back`}
              disabled={!views.includes(block) || views.at(-1) === block}
              onClick={() => actions.viewMoved(block, 1)}
            />
          </li>
        ))}
      </ul>
      <button type="button" class="nm-button" onClick={actions.allViews} data-testid="views-all">
        all, in the network's order
      </button>
    </Menu>
  );
}

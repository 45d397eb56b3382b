import { IconButton } from "../../../ui/icons";
import { Menu } from "../../../ui/menu";
import type { Embeddings } from "../state/actions";

/** Which blocks have a view, and in which order. */
export function ViewsMenu({ embeddings }: { embeddings: Embeddings }) {
  const blocks = embeddings.blocks.value;
  const views = embeddings.views.value;
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
                onChange={() => embeddings.actions.viewToggled(block)}
                data-testid={`view-${block}`}
              />
              <span>{block}</span>
            </label>
            <IconButton
              icon="up"
              label={`Move ${block} forward`}
              disabled={views.indexOf(block) <= 0}
              onClick={() => embeddings.actions.viewMoved(block, -1)}
            />
            <IconButton
              icon="down"
              label={`Move ${block} back`}
              disabled={!views.includes(block) || views.at(-1) === block}
              onClick={() => embeddings.actions.viewMoved(block, 1)}
            />
          </li>
        ))}
      </ul>
      <button type="button" class="nm-button" onClick={embeddings.actions.allViews} data-testid="views-all">
        all, in the network's order
      </button>
    </Menu>
  );
}

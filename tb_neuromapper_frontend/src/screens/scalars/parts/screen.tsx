import type { Session } from "../../../session";
import { SidePanels } from "../../../shell/side_panels";
import { count } from "../../../ui/format";
import type { Scalars } from "../state/actions";
import { type TagGroup, tagsOf } from "../state/state";
import { ScalarCard } from "./card";
import { Runs } from "./runs";

/** Every scalar of all runs, in groups of tags that begin alike. */
export function ScalarsScreen({ session, scalars }: { session: Session; scalars: Scalars }) {
  const index = scalars.index.value;
  if (index === null) return <p class="nm-words nm-gradients-words">Asking for the scalars.</p>;
  if (tagsOf(index, Object.keys(index.runs)).length === 0) return <NoScalars />;
  const groups = scalars.groups.value;
  return (
    <div class="nm-screen nm-scalars">
      <div class="nm-scalar-groups" data-testid="scalars">
        {groups.length === 0 && (
          <p class="nm-muted nm-no-tags" data-testid="no-tags">
            No tag of the shown runs matches the filter.
          </p>
        )}
        {groups.map((group) => (
          <Group key={group.name} session={session} scalars={scalars} group={group} />
        ))}
      </div>
      <aside class="nm-side nm-scalar-side" aria-label="Runs and findings">
        <Runs session={session} scalars={scalars} />
        <SidePanels session={session} />
      </aside>
    </div>
  );
}

function Group({
  session,
  scalars,
  group: { name, tags },
}: {
  session: Session;
  scalars: Scalars;
  group: TagGroup;
}) {
  const open = !scalars.folded.value.has(name);
  return (
    <section
      class="nm-scalar-group"
      aria-label={name || "without a prefix"}
      style={{ "--n": String(open ? tags.length : 1) }}
    >
      <h2>
        <button
          type="button"
          class="nm-button nm-group-head"
          aria-expanded={open}
          data-testid="tag-group"
          data-group={name}
          onClick={() => scalars.actions.tagGroupFolded(name)}
        >
          <span aria-hidden="true">{open ? "▾" : "▸"}</span> {name || "without a prefix"}
          <span class="nm-muted"> {count(tags.length, "scalar")}</span>
        </button>
      </h2>
      {open && (
        <div class="nm-scalar-grid">
          {tags.map((tag) => (
            <ScalarCard key={tag} session={session} scalars={scalars} tag={tag} />
          ))}
        </div>
      )}
    </section>
  );
}

const LINES = `writer.add_scalar("train/loss", loss.item(), step)   # torch's SummaryWriter
mapper.step(loss=loss)                               # or NeuroMapper, beside the gradient flow`;

/** What to do when no run has scalars. */
function NoScalars() {
  return (
    <div class="nm-empty" data-testid="no-scalars">
      <h1>No run here has scalars yet</h1>
      <p>Log some in the training script; this screen fills as soon as the first one is written.</p>
      <pre>{LINES}</pre>
    </div>
  );
}

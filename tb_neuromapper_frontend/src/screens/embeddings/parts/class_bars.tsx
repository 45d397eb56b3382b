import { useSignal } from "@preact/signals";
import { classMark } from "../../../color/palette";
import type { Session } from "../../../session";
import { classCounts, modeOf, type Rows, rowsOfClass } from "../../../session/selection";
import { integer } from "../../../ui/format";
import { Swatch } from "../../../ui/swatch";
import type { Embeddings } from "../state/actions";
import type { Coloring } from "../state/colors";
import { hasClassColors } from "./density_text";
import { RestEntry } from "./rest_entry";

const MAX_CLASSES = 6;

interface ClassBarsProps {
  session: Session;
  embeddings: Embeddings;
  coloring: Coloring;
  rows: Rows;
}

/** A bar for each class of the selection; a click selects the whole class. */
export function ClassBars({ session, embeddings, coloring, rows }: ClassBarsProps) {
  const { classes, classNames } = coloring;
  const all = useSignal(false);
  if (!classes) return null;
  const counts = classCounts(rows, classes);
  const most = counts[0]?.count ?? 1;
  return (
    <ul class="nm-bars" aria-label="Classes of the selection" data-testid="selection-classes">
      {(all.value ? counts : counts.slice(0, MAX_CLASSES)).map(({ index, count: n }) => {
        const name = index < 0 ? "none" : (classNames?.[index] ?? String(index));
        return (
          <li key={index}>
            <button
              type="button"
              class="nm-button"
              title={`Select all of ${name}; shift adds them, alt takes them away`}
              data-testid={`selection-class-${index}`}
              data-count={n}
              onClick={(event) => session.actions.rowsSelected(rowsOfClass(classes, index), modeOf(event))}
            >
              <Swatch
                mark={classMark(
                  hasClassColors(session, embeddings, coloring) ? index : -1,
                  session.theme.value,
                )}
              />
              <span class="nm-class-name">{name}</span>
              <span class="nm-bar" style={{ backgroundSize: `${Math.max(2, (n / most) * 100)}% 100%` }} />
              <span class="nm-class-count">
                {integer(n)}
                <span class="nm-hidden"> selected. Select all of this class</span>
              </span>
            </button>
          </li>
        );
      })}
      <RestEntry
        n={counts.length - MAX_CLASSES}
        words={`and ${integer(counts.length - MAX_CLASSES)} more of the classes`}
        open={all}
        testId="selection-classes-rest"
      />
    </ul>
  );
}

import { useSignal } from "@preact/signals";
import { classMark } from "../../../color/palette";
import type { Session } from "../../../session";
import { modeOf, rowsOfClass } from "../../../session/selection";
import { integer } from "../../../ui/format";
import { Swatch } from "../../../ui/swatch";
import type { Embeddings } from "../state/actions";
import { type Coloring, countClasses } from "../state/colors";
import { whyNoRegions } from "../state/decision_regions";
import { sidesOf } from "../state/outcomes";
import { hasClassColors } from "./density_text";

const SEARCH_FROM = 20;
/** Rows of the list at most: the rest is found by searching. */
const MAX_ROWS = 200;

interface ClassListProps {
  session: Session;
  embeddings: Embeddings;
  coloring: Coloring;
  classes: Int32Array;
  drawn: Uint8Array;
}

/** The classes with their colours and counts, and which of them are shown. */
export function ClassList({ session, embeddings, coloring, classes, drawn }: ClassListProps) {
  const search = useSignal("");
  const { nClasses } = coloring;
  const counts = countClasses(classes, nClasses);
  const drawnCounts =
    embeddings.sampling.value.size === null ? counts : countClasses(classes, nClasses, drawn);
  const colored = hasClassColors(session, embeddings, coloring);
  const wanted = search.value.trim().toLowerCase();
  const all = listedClasses(coloring, counts, regionClasses(session, embeddings, coloring));
  const found = all.filter(({ name }) => name.toLowerCase().includes(wanted));
  return (
    <>
      <FilterButtons session={session} nClasses={nClasses} />
      {all.length > SEARCH_FROM && (
        <input
          type="search"
          class="nm-search"
          aria-label="Search a class"
          placeholder={`search ${integer(all.length)} classes`}
          data-testid="class-search"
          value={search.value}
          onInput={(event) => {
            search.value = event.currentTarget.value;
          }}
        />
      )}
      <ul class="nm-classes">
        {found.slice(0, MAX_ROWS).map(({ name, index }) => (
          <ClassRow
            key={index}
            session={session}
            embeddings={embeddings}
            name={name}
            index={index}
            count={counts[index] ?? 0}
            drawnCount={drawnCounts[index] ?? 0}
            nClasses={nClasses}
            classes={classes}
            colored={colored}
          />
        ))}
        {found.length > MAX_ROWS && <li class="nm-muted">{integer(found.length - MAX_ROWS)} more: search</li>}
        {found.length === 0 && <li class="nm-muted">No class is called that.</li>}
      </ul>
    </>
  );
}

function FilterButtons({ session, nClasses }: { session: Session; nClasses: number }) {
  return (
    <fieldset class="nm-legend-actions" aria-label="Which classes are shown">
      <button type="button" class="nm-button" onClick={session.actions.allClasses} data-testid="classes-all">
        all
      </button>
      <button
        type="button"
        class="nm-button"
        onClick={() => session.actions.noClasses(nClasses)}
        data-testid="classes-none"
      >
        none
      </button>
      <button
        type="button"
        class="nm-button"
        onClick={() => session.actions.classesInverted(nClasses)}
        data-testid="classes-invert"
      >
        invert
      </button>
    </fieldset>
  );
}

/** Named classes are all listed; of numbers only those that occur or have a region, since labels may be any. */
function listedClasses({ classNames }: Coloring, counts: readonly number[], others: readonly number[]) {
  if (classNames) return classNames.map((name, index) => ({ name, index }));
  const occurring = counts.flatMap((count, index) => (count > 0 ? [index] : []));
  const all = [...new Set([...occurring, ...others])].sort((a, b) => a - b);
  return all.map((index) => ({ name: String(index), index }));
}

/** The classes that the ground may be coloured by. */
function regionClasses(session: Session, embeddings: Embeddings, coloring: Coloring): number[] {
  if (!embeddings.appearance.value.regions || whyNoRegions(session, embeddings, coloring)) return [];
  const predicted = sidesOf(session, embeddings).flatMap(({ outcomes }) => [...new Set(outcomes?.predicted)]);
  return predicted.filter((index) => index >= 0);
}

interface ClassRowProps {
  session: Session;
  embeddings: Embeddings;
  name: string;
  index: number;
  count: number;
  /** How many of them the sample holds. */
  drawnCount: number;
  nClasses: number;
  classes: Int32Array;
  /** The points, the lines or the ground have the classes' colours. */
  colored: boolean;
}

function ClassRow(props: ClassRowProps) {
  const { session, embeddings, name, index, count, drawnCount, nClasses, classes, colored } = props;
  const shown = !session.hiddenClasses.value.has(index);
  const mark = classMark(colored ? index : -1, session.theme.value);
  return (
    <li
      class="nm-class"
      onPointerEnter={() => session.actions.classHovered(shown ? index : null)}
      onPointerLeave={() => session.actions.classHovered(null)}
    >
      <button
        type="button"
        class="nm-button nm-class-toggle"
        aria-pressed={shown}
        data-testid={`class-${index}`}
        data-color={mark.color}
        onClick={(event) =>
          event.shiftKey ? session.actions.onlyClass(index, nClasses) : session.actions.classToggled(index)
        }
      >
        <Swatch mark={mark} />
        <span class="nm-class-name">
          <span class="nm-hidden">Class </span>
          {name}
        </span>
        <span class="nm-class-count">
          {embeddings.sampling.value.size === null ? "" : `${integer(drawnCount)} of `}
          {integer(count)}
          <span class="nm-hidden"> samples</span>
        </span>
      </button>
      <button
        type="button"
        class="nm-button nm-only nm-select"
        aria-label={`Select class ${name}`}
        title="Select this class; shift adds it, alt takes it away"
        data-testid={`select-${index}`}
        onClick={(event) => session.actions.rowsSelected(rowsOfClass(classes, index), modeOf(event))}
      >
        select
      </button>
      <button
        type="button"
        class="nm-button nm-only"
        aria-label={`Only class ${name}`}
        data-testid={`only-${index}`}
        onClick={() => session.actions.onlyClass(index, nClasses)}
      >
        only
      </button>
    </li>
  );
}

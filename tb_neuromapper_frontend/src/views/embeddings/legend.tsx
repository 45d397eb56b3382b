import { type ReadonlySignal, useSignal } from "@preact/signals";
import { classMark, rampColor } from "../../color/palette";
import type { Coloring } from "../../state/marks";
import type { Store } from "../../state/store";
import { integer, number } from "../../ui/format";
import { Swatch } from "../../ui/swatch";

const SEARCH_FROM = 20;
/** Rows of the list at most: the rest is found by searching. */
const MAX_ROWS = 200;

/** What the colours mean; for classes also which of them are shown. */
export function Legend({ store, coloring }: { store: Store; coloring: ReadonlySignal<Coloring> }) {
  const { kind } = coloring.value;
  return (
    <aside class="nm-legend" aria-label="Legend" data-testid="legend">
      {kind === "class" && <Classes store={store} counts={coloring.value.counts} />}
      {kind === "target" && <Scale store={store} range={coloring.value.range} />}
      {kind === "none" && store.samples.value && <p class="nm-muted">The samples have no labels.</p>}
    </aside>
  );
}

function Classes({ store, counts }: { store: Store; counts: number[] }) {
  const search = useSignal("");
  const { actions } = store;
  const names = store.run.value?.class_names ?? counts.map((_, index) => String(index));
  const wanted = search.value.trim().toLowerCase();
  const found = names
    .map((name, index) => ({ name, index }))
    .filter(({ name }) => name.toLowerCase().includes(wanted));
  return (
    <>
      <fieldset class="nm-legend-actions" aria-label="Which classes are shown">
        <button type="button" class="nm-button" onClick={actions.allClasses} data-testid="classes-all">
          all
        </button>
        <button type="button" class="nm-button" onClick={actions.noClasses} data-testid="classes-none">
          none
        </button>
        <button
          type="button"
          class="nm-button"
          onClick={actions.classesInverted}
          data-testid="classes-invert"
        >
          invert
        </button>
      </fieldset>
      {names.length > SEARCH_FROM && (
        <input
          type="search"
          class="nm-search"
          aria-label="Search a class"
          placeholder={`${integer(names.length)} classes`}
          data-testid="class-search"
          value={search.value}
          onInput={(event) => {
            search.value = event.currentTarget.value;
          }}
        />
      )}
      <ul class="nm-classes">
        {found.slice(0, MAX_ROWS).map(({ name, index }) => (
          <ClassRow key={index} store={store} name={name} index={index} count={counts[index] ?? 0} />
        ))}
        {found.length > MAX_ROWS && <li class="nm-muted">{integer(found.length - MAX_ROWS)} more: search</li>}
        {found.length === 0 && <li class="nm-muted">No class is called that.</li>}
      </ul>
    </>
  );
}

interface ClassRowProps {
  store: Store;
  name: string;
  index: number;
  count: number;
}

function ClassRow({ store, name, index, count }: ClassRowProps) {
  const { actions } = store;
  const shown = !store.hiddenClasses.value.has(index);
  const mark = classMark(index, store.theme.value);
  return (
    <li
      class="nm-class"
      onPointerEnter={() => actions.classHovered(shown ? index : null)}
      onPointerLeave={() => actions.classHovered(null)}
    >
      <button
        type="button"
        class="nm-button nm-class-toggle"
        aria-pressed={shown}
        aria-label={`Class ${name}, ${integer(count)} samples`}
        data-testid={`class-${index}`}
        data-color={mark.color}
        onClick={(event) => (event.shiftKey ? actions.onlyClass(index) : actions.classToggled(index))}
      >
        <Swatch mark={mark} />
        <span class="nm-class-name">{name}</span>
        <span class="nm-class-count">{integer(count)}</span>
      </button>
      <button
        type="button"
        class="nm-button nm-only"
        aria-label={`Only class ${name}`}
        data-testid={`only-${index}`}
        onClick={() => actions.onlyClass(index)}
      >
        only
      </button>
    </li>
  );
}

function Scale({ store, range }: { store: Store; range: [number, number] }) {
  const theme = store.theme.value;
  const stops = Array.from({ length: 9 }, (_, i) => rampColor(i / 8, theme));
  return (
    <div class="nm-scale" data-testid="scale">
      <span class="nm-label">target</span>
      <div class="nm-ramp" style={{ "--stops": stops.join(",") }} />
      <div class="nm-scale-ends">
        <span>{number(range[0])}</span>
        <span>{number(range[1])}</span>
      </div>
    </div>
  );
}

import { type ReadonlySignal, useSignal } from "@preact/signals";
import { classMark, correctMark, rampColor } from "../../../color/palette";
import { modeOf, rowsOfClass } from "../../../session/selection";
import type { Store } from "../../../session/state";
import { integer, scaleEnd } from "../../../ui/format";
import { Swatch } from "../../../ui/swatch";
import { COLOR_BYS, type ColorBy, type FixedColorBy, toColorBy } from "../state/color_by";
import { type Coloring, countClasses } from "../state/colors";
import { sidesOf } from "../state/outcomes";
import { whyNoRegions } from "../state/regions";
import { hasClassColors, PlaneWords } from "./density_words";
import { FadeSwitch } from "./fade_switch";

const SEARCH_FROM = 20;
/** Rows of the list at most: the rest is found by searching. */
const MAX_ROWS = 200;

const COLOR_NAMES: Record<FixedColorBy, string> = {
  label: "label",
  predicted: "prediction",
  correct: "right or wrong",
  confidence: "confidence in the label",
  loss: "loss",
  movement: "movement",
};

const COLOR_TITLES: Partial<Record<ColorBy, string>> = {
  confidence: "The probability that the network gives to the sample's label, the true class.",
  movement: "How far the sample moved since the epoch before: mean of the views, in % of the picture's side.",
};

interface LegendProps {
  store: Store;
  coloring: ReadonlySignal<Coloring>;
  /** Which rows the sample holds: 1 or 0. */
  drawn: ReadonlySignal<Uint8Array>;
}

/** What the colours mean, and which classes are shown. */
export function Legend({ store, coloring, drawn }: LegendProps) {
  const { kind, classes, pending } = coloring.value;
  return (
    <section class="nm-legend" aria-label="Legend" data-testid="legend" data-kind={kind}>
      <ColorChoice store={store} />
      <FadeSwitch store={store} />
      <PlaneWords store={store} coloring={coloring.value} />
      {pending && <p class="nm-muted">{whyUnknown(store)}</p>}
      {kind === "ramp" && !pending && <Scale store={store} coloring={coloring.value} />}
      {kind === "correct" && <Correctness store={store} />}
      {classes && <Classes store={store} coloring={coloring.value} classes={classes} drawn={drawn.value} />}
      {!classes && kind === "class" && store.samples.value && (
        <p class="nm-muted">The samples have no labels.</p>
      )}
    </section>
  );
}

function whyUnknown({ colorBy, step, steps }: Store): string {
  return colorBy.value === "movement" && step.value === steps.value[0]
    ? "movement is known from the second epoch on"
    : "not known for this epoch";
}

function ColorChoice({ store }: { store: Store }) {
  const colorBy = store.colorBy.value;
  const run = store.run.value;
  const offered = COLOR_BYS.filter((each) => {
    if (each === "label" || each === "movement") return true;
    if (store.beside.value !== null || !run || run.outcome_steps.length === 0) return false;
    return run.label_kind === "class" || each === "predicted" || each === "loss";
  });
  return (
    <label class="nm-color-choice" title={COLOR_TITLES[colorBy]}>
      <span class="nm-label">Colour</span>
      <select
        aria-label="Colour by"
        data-testid="color-by"
        value={colorBy}
        onChange={(event) => store.actions.colorChosen(toColorBy(event.currentTarget.value) ?? "label")}
      >
        {offered.map((each) => (
          <option key={each} value={each}>
            {each === "label" && run?.label_kind === "target" ? "target" : COLOR_NAMES[each]}
          </option>
        ))}
        {run?.metadata.map((column) => (
          <option key={column} value={`metadata:${column}`}>
            {column}
          </option>
        ))}
      </select>
    </label>
  );
}

interface ClassesProps {
  store: Store;
  coloring: Coloring;
  classes: Int32Array;
  drawn: Uint8Array;
}

function Classes({ store, coloring, classes, drawn }: ClassesProps) {
  const search = useSignal("");
  const { actions } = store;
  const { nClasses } = coloring;
  const counts = countClasses(classes, nClasses);
  const drawnCounts = store.sampling.value.size === null ? counts : countClasses(classes, nClasses, drawn);
  const colored = hasClassColors(store, coloring);
  const wanted = search.value.trim().toLowerCase();
  const all = listedClasses(coloring, counts, regionClasses(store, coloring));
  const found = all.filter(({ name }) => name.toLowerCase().includes(wanted));
  return (
    <>
      <fieldset class="nm-legend-actions" aria-label="Which classes are shown">
        <button type="button" class="nm-button" onClick={actions.allClasses} data-testid="classes-all">
          all
        </button>
        <button
          type="button"
          class="nm-button"
          onClick={() => actions.noClasses(nClasses)}
          data-testid="classes-none"
        >
          none
        </button>
        <button
          type="button"
          class="nm-button"
          onClick={() => actions.classesInverted(nClasses)}
          data-testid="classes-invert"
        >
          invert
        </button>
      </fieldset>
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
            store={store}
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

/** Named classes are all listed; of numbers only those that occur or have a region, since labels may be any. */
function listedClasses({ classNames }: Coloring, counts: readonly number[], others: readonly number[]) {
  if (classNames) return classNames.map((name, index) => ({ name, index }));
  const occurring = counts.flatMap((count, index) => (count > 0 ? [index] : []));
  const all = [...new Set([...occurring, ...others])].sort((a, b) => a - b);
  return all.map((index) => ({ name: String(index), index }));
}

/** The classes that the ground may be coloured by. */
function regionClasses(store: Store, coloring: Coloring): number[] {
  if (!store.look.value.regions || whyNoRegions(store, coloring)) return [];
  const predicted = sidesOf(store).flatMap(({ outcomes }) => [...new Set(outcomes?.predicted)]);
  return predicted.filter((index) => index >= 0);
}

interface ClassRowProps {
  store: Store;
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
  const { store, name, index, count, drawnCount, nClasses, classes, colored } = props;
  const { actions } = store;
  const shown = !store.hiddenClasses.value.has(index);
  const mark = classMark(colored ? index : -1, store.theme.value);
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
        data-testid={`class-${index}`}
        data-color={mark.color}
        onClick={(event) =>
          event.shiftKey ? actions.onlyClass(index, nClasses) : actions.classToggled(index)
        }
      >
        <Swatch mark={mark} />
        <span class="nm-class-name">
          <span class="nm-hidden">Class </span>
          {name}
        </span>
        <span class="nm-class-count">
          {store.sampling.value.size === null ? "" : `${integer(drawnCount)} of `}
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
        onClick={(event) => actions.rowsSelected(rowsOfClass(classes, index), modeOf(event))}
      >
        select
      </button>
      <button
        type="button"
        class="nm-button nm-only"
        aria-label={`Only class ${name}`}
        data-testid={`only-${index}`}
        onClick={() => actions.onlyClass(index, nClasses)}
      >
        only
      </button>
    </li>
  );
}

function Correctness({ store }: { store: Store }) {
  const theme = store.theme.value;
  return (
    <p class="nm-correctness" data-testid="correctness">
      <Swatch mark={correctMark(true, theme)} /> right <Swatch mark={correctMark(false, theme)} /> wrong
    </p>
  );
}

function Scale({ store, coloring }: { store: Store; coloring: Coloring }) {
  const theme = store.theme.value;
  const stops = Array.from({ length: 9 }, (_, i) => rampColor(i / 8, theme));
  const [low, high] = coloring.range.map((value) => scaleEnd(value, coloring.unit));
  return (
    <div class="nm-scale" data-testid="scale">
      <div class="nm-ramp" style={{ "--stops": stops.join(",") }} />
      <div class="nm-scale-ends">
        <span>{low}</span>
        <span>
          {coloring.clipped && "≥ "}
          {high}
        </span>
      </div>
    </div>
  );
}

import { type ReadonlySignal, useSignal } from "@preact/signals";
import { classMark, correctMark, rampColor } from "../../../color/palette";
import type { Session } from "../../../session";
import { modeOf, rowsOfClass } from "../../../session/selection";
import { integer, scaleEnd } from "../../../ui/format";
import { Swatch } from "../../../ui/swatch";
import type { Embeddings } from "../state/actions";
import { COLOR_BYS, type ColorBy, type FixedColorBy, toColorBy } from "../state/color_by";
import { type Coloring, countClasses } from "../state/colors";
import { whyNoRegions } from "../state/decision_regions";
import { sidesOf } from "../state/outcomes";
import { DensityText, hasClassColors } from "./density_text";
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
  session: Session;
  embeddings: Embeddings;
  coloring: ReadonlySignal<Coloring>;
  /** Which rows the sample holds: 1 or 0. */
  drawn: ReadonlySignal<Uint8Array>;
}

/** What the colours mean, and which classes are shown. */
export function Legend({ session, embeddings, coloring, drawn }: LegendProps) {
  const { kind, classes, pending } = coloring.value;
  return (
    <section class="nm-legend" aria-label="Legend" data-testid="legend" data-kind={kind}>
      <ColorChoice session={session} embeddings={embeddings} />
      <FadeSwitch embeddings={embeddings} />
      <DensityText session={session} embeddings={embeddings} coloring={coloring.value} />
      {pending && <p class="nm-muted">{whyUnknown(session, embeddings)}</p>}
      {kind === "ramp" && !pending && (
        <Scale session={session} embeddings={embeddings} coloring={coloring.value} />
      )}
      {kind === "correct" && <Correctness session={session} />}
      {classes && (
        <Classes
          session={session}
          embeddings={embeddings}
          coloring={coloring.value}
          classes={classes}
          drawn={drawn.value}
        />
      )}
      {!classes && kind === "class" && session.samples.value && (
        <p class="nm-muted">The samples have no labels.</p>
      )}
    </section>
  );
}

function whyUnknown({ epoch, epochs }: Session, { colorBy }: Embeddings): string {
  return colorBy.value === "movement" && epoch.value === epochs.value[0]
    ? "movement is known from the second epoch on"
    : "not known for this epoch";
}

function ColorChoice({ session, embeddings }: { session: Session; embeddings: Embeddings }) {
  const colorBy = embeddings.colorBy.value;
  const run = session.run.value;
  const offered = COLOR_BYS.filter((each) => {
    if (each === "label" || each === "movement") return true;
    if (embeddings.comparedName.value !== null || !run || run.outcome_steps.length === 0) return false;
    return run.label_kind === "class" || each === "predicted" || each === "loss";
  });
  return (
    <label class="nm-color-choice" title={COLOR_TITLES[colorBy]}>
      <span class="nm-label">Colour</span>
      <select
        aria-label="Colour by"
        data-testid="color-by"
        value={colorBy}
        onChange={(event) => embeddings.actions.colorChosen(toColorBy(event.currentTarget.value) ?? "label")}
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
  session: Session;
  embeddings: Embeddings;
  coloring: Coloring;
  classes: Int32Array;
  drawn: Uint8Array;
}

function Classes({ session, embeddings, coloring, classes, drawn }: ClassesProps) {
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
      <fieldset class="nm-legend-actions" aria-label="Which classes are shown">
        <button
          type="button"
          class="nm-button"
          onClick={session.actions.allClasses}
          data-testid="classes-all"
        >
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

function Correctness({ session }: { session: Session }) {
  const theme = session.theme.value;
  return (
    <p class="nm-correctness" data-testid="correctness">
      <Swatch mark={correctMark(true, theme)} /> right <Swatch mark={correctMark(false, theme)} /> wrong
    </p>
  );
}

function Scale({ session, coloring }: { session: Session; embeddings: Embeddings; coloring: Coloring }) {
  const theme = session.theme.value;
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

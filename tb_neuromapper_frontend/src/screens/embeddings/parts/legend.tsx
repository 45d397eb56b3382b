import type { ReadonlySignal } from "@preact/signals";
import type { Run } from "../../../api/types";
import { correctMark, rampColor } from "../../../color/palette";
import type { Session } from "../../../session";
import { scaleEnd } from "../../../ui/format";
import { Swatch } from "../../../ui/swatch";
import type { Embeddings } from "../state/actions";
import { COLOR_BYS, type ColorBy, type FixedColorBy, toColorBy } from "../state/color_by";
import type { Coloring } from "../state/colors";
import { otherColumns, outcomeColumns } from "../state/outcome_columns";
import { ClassList } from "./class_list";
import { DensityText } from "./density_text";
import { FadeSwitch } from "./fade_switch";

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
      {embeddings.comparedName.value === null && <AboutOutcomes about={session.run.value?.about_outcomes} />}
      <FadeSwitch embeddings={embeddings} />
      <DensityText session={session} embeddings={embeddings} coloring={coloring.value} />
      {pending && <p class="nm-muted">{whyUnknown(session, embeddings)}</p>}
      {kind === "ramp" && !pending && (
        <Scale session={session} embeddings={embeddings} coloring={coloring.value} />
      )}
      {kind === "correct" && <Correctness session={session} />}
      {classes && (
        <ClassList
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
    if (embeddings.comparedName.value !== null || !run) return false;
    return outcomeColumns(run).includes(each === "correct" ? "predicted" : each) && isClass(each, run);
  });
  const others = embeddings.comparedName.value === null && run ? otherColumns(run) : [];
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
        {others.map((column) => (
          <option key={`outcome:${column}`} value={`outcome:${column}`}>
            {column}
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

/** Right or wrong, and how sure of the label: only where labels are classes. */
function isClass(color: FixedColorBy, run: Run): boolean {
  return run.label_kind === "class" || color === "predicted" || color === "loss";
}

/** What the network's output was taken for, so that nobody takes its figures for others. */
function AboutOutcomes({ about }: { about: string | null | undefined }) {
  return about ? (
    <p class="nm-muted" data-testid="about-outcomes">
      {about}
    </p>
  ) : null;
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

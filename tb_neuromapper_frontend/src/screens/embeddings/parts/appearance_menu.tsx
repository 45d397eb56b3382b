import type { ReadonlySignal } from "@preact/signals";
import type { Session } from "../../../session";
import { Menu } from "../../../ui/menu";
import type { Embeddings } from "../state/actions";
import {
  CONTOURS,
  type ContourMode,
  DEFAULT_APPEARANCE,
  MAX_FACTOR,
  toContourMode,
  toFactor,
} from "../state/appearance";
import type { Coloring } from "../state/colors";
import { hasPredictions, whyNoRegions } from "../state/decision_regions";

const CONTOUR_NAMES: Record<ContourMode, string> = { off: "off", all: "all samples", class: "by class" };
/** Steps of a factor's slider to the double. */
const PER_OCTAVE = 4;
const OCTAVES = Math.log2(MAX_FACTOR);

/** How the points look, and what is drawn of them beside the points. */
export function AppearanceMenu({
  session,
  embeddings,
  coloring,
}: {
  session: Session;
  embeddings: Embeddings;
  coloring: ReadonlySignal<Coloring>;
}) {
  const appearance = embeddings.appearance.value;
  const { appearanceChanged } = embeddings.actions;
  return (
    <Menu label="Look" testId="look-menu">
      <div class="nm-layout-form nm-look">
        <label title="Lines of equal density of the samples that are shown">
          <span>contours</span>
          <select
            value={appearance.contours}
            data-testid="contours"
            onChange={(event) => appearanceChanged({ contours: toContourMode(event.currentTarget.value) })}
          >
            {CONTOURS.map((mode) => (
              <option key={mode} value={mode}>
                {CONTOUR_NAMES[mode]}
              </option>
            ))}
          </select>
        </label>
        {hasPredictions(session, embeddings) && (
          <DecisionRegionSwitch
            session={session}
            embeddings={embeddings}
            why={whyNoRegions(session, embeddings, coloring.value)}
          />
        )}
        <Factor
          label="point size"
          value={appearance.size}
          testId="point-size"
          onChange={(size) => appearanceChanged({ size })}
        />
        <Factor
          label="opacity"
          value={appearance.opacity}
          testId="point-opacity"
          onChange={(opacity) => appearanceChanged({ opacity })}
        />
        <button
          type="button"
          class="nm-button"
          data-testid="look-automatic"
          onClick={() =>
            appearanceChanged({ size: DEFAULT_APPEARANCE.size, opacity: DEFAULT_APPEARANCE.opacity })
          }
        >
          size and opacity by number of points
        </button>
      </div>
    </Menu>
  );
}

function DecisionRegionSwitch({
  embeddings,
  why,
}: {
  session: Session;
  embeddings: Embeddings;
  why: string;
}) {
  const { regions } = embeddings.appearance.value;
  return (
    <>
      <label title="Colours the plane by the class that is predicted most around each place">
        <span>decision regions</span>
        <input
          type="checkbox"
          checked={regions}
          disabled={why !== "" && !regions}
          data-testid="regions"
          onChange={() => embeddings.actions.appearanceChanged({ regions: !regions })}
        />
      </label>
      {why && (
        <p class="nm-muted" data-testid="no-regions">
          {why}
        </p>
      )}
    </>
  );
}

interface FactorProps {
  label: string;
  value: number;
  testId: string;
  onChange: (value: number) => void;
}

/** A slider for a factor to what fits the number of points; each step is the same ratio. */
function Factor({ label, value, testId, onChange }: FactorProps) {
  const words = value === 1 ? "automatic" : `× ${value}`;
  return (
    <label title="Relative to what fits the number of points">
      <span>{label}</span>
      <input
        type="range"
        min={-OCTAVES * PER_OCTAVE}
        max={OCTAVES * PER_OCTAVE}
        step={1}
        value={Math.round(Math.log2(value) * PER_OCTAVE)}
        aria-valuetext={words}
        data-testid={testId}
        onInput={(event) =>
          onChange(toFactor(String(2 ** (Number(event.currentTarget.value) / PER_OCTAVE))) ?? 1)
        }
      />
      <output class="nm-muted">{words}</output>
    </label>
  );
}

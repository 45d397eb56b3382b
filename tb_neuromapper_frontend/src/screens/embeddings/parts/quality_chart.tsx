import type { Session } from "../../../session";
import { indexOfStep, unionOfSteps } from "../../../session/steps";
import { count, percentOrNone } from "../../../ui/format";
import type { Embeddings } from "../state/actions";
import {
  linePath,
  MEASURES,
  type Measure,
  qualityBySteps,
  type StepQuality,
  shareOf,
} from "../state/quality";
import { blockOf, nameOf } from "../state/run_pair";

const TITLES: Record<Measure, string> = {
  trustworthiness: "Near in the picture means near in the block: 100 % is always (Venna and Kaski, k = 15)",
  preservation: "The share of each sample's 15 nearest neighbours that are its nearest in the picture too",
  movement:
    "How far a sample moved since the epoch before: mean, in % of the picture's radius (root mean square)",
};

/** Movement has no upper end: the line is as high as its largest value, but little movement stays low. */
const LEAST_TOP = 0.2;

/** The blocks that the chart is about: the one that is pointed at, else those on the screen. */
function chosenBlocks(embeddings: Embeddings): readonly string[] {
  const pointed = embeddings.pointed.value;
  return pointed !== null && embeddings.panels.value.includes(pointed) ? [pointed] : embeddings.panels.value;
}

function qualityOf(
  session: Session,
  embeddings: Embeddings,
): { blocks: readonly string[]; steps: StepQuality[]; now: number } {
  const blocks = chosenBlocks(embeddings);
  const logged = unionOfSteps([session.run.value?.steps ?? [], session.epochs.value]);
  const chosen = embeddings.projections.value.filter(({ block }) => blocks.includes(block));
  const now = session.epoch.value === null ? -1 : indexOfStep(logged, session.epoch.value);
  return { blocks, steps: qualityBySteps(chosen, logged), now };
}

/** How good the layouts are at each epoch, aligned with the slider above, and where a block changed abruptly. */
export function QualityChart({ session, embeddings }: { session: Session; embeddings: Embeddings }) {
  const { blocks: chosen, steps, now } = qualityOf(session, embeddings);
  const nBlocks = Math.max(1, chosen.length);
  const n = steps.length;
  const top = Math.max(LEAST_TOP, ...steps.map(({ movement }) => movement ?? 0));
  const abrupt = steps.filter((each) => each.abrupt.length > 0).map(({ step }) => step);
  const marked = abrupt.length === 0 ? "" : ` Abrupt changes at epoch ${abrupt.join(", ")}.`;
  return (
    <div
      class="nm-quality-chart"
      role="img"
      aria-label={`Quality of the layout over the epochs.${marked}`}
      data-testid="quality-chart"
    >
      <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true" focusable="false">
        {now >= 0 && (
          <path class="nm-quality-now" d={`M${shareOf(now, n) * 100} 0V100`} data-testid="quality-now" />
        )}
        {MEASURES.map((measure) => (
          <path
            key={measure}
            class={`nm-line nm-${measure}`}
            d={linePath(
              steps.map((each) => each[measure]),
              measure === "movement" ? top : 1,
            )}
            data-testid={`quality-${measure}`}
          />
        ))}
      </svg>
      {/* The more of the blocks, the stronger. */}
      {steps.map(
        ({ step, abrupt: blocks }, index) =>
          blocks.length > 0 && (
            <i
              key={step}
              class="nm-abrupt-mark"
              style={{
                left: `${shareOf(index, n) * 100}%`,
                opacity: 0.6 + (0.4 * blocks.length) / nBlocks,
              }}
              title={`epoch ${step}: abrupt change of ${blocks.map((view) => nameOf(embeddings.names.value, view)).join("; ")}`}
              data-testid="abrupt"
              data-step={step}
              data-blocks={blocks.map(blockOf).join(" ")}
            />
          ),
      )}
    </div>
  );
}

/** Whose quality it is: one block's, or the mean of several. */
export function QualityWhose({ embeddings }: { embeddings: Embeddings }) {
  const blocks = chosenBlocks(embeddings);
  return (
    <span class="nm-quality-whose" data-testid="quality-whose">
      {blocks.length === 1
        ? nameOf(embeddings.names.value, blocks[0])
        : `mean of ${count(blocks.length, embeddings.comparedName.value === null ? "block" : "view")}`}
    </span>
  );
}

/** The current epoch's quality in words. */
export function QualityText({ session, embeddings }: { session: Session; embeddings: Embeddings }) {
  const { blocks, steps, now } = qualityOf(session, embeddings);
  const current = steps[now];
  const known = current !== undefined && MEASURES.some((measure) => current[measure] !== null);
  return (
    <p class="nm-quality-words" data-testid="quality-words">
      {MEASURES.map((measure) => (
        <span key={measure} title={TITLES[measure]}>
          <svg class="nm-line-sample" viewBox="0 0 14 4" aria-hidden="true" focusable="false">
            <path class={`nm-line nm-${measure}`} d="M1 2h12" />
          </svg>
          {measure} <b>{known ? percentOrNone(current[measure]) : "–"}</b>
        </span>
      ))}
      {current !== undefined && current.abrupt.length > 0 && (
        <span class="nm-abrupt-words" title={ABRUPT_TITLE} data-testid="abrupt-words">
          abrupt change
          {blocks.length === 1
            ? ""
            : `: ${current.abrupt.map((view) => nameOf(embeddings.names.value, view)).join("; ")}`}
        </span>
      )}
    </p>
  );
}

const ABRUPT_TITLE =
  "The block's activations differ from the epoch before (1 − linear CKA) far more than they usually do.";

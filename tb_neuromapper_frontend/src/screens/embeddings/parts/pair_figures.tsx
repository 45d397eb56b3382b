import type { Session } from "../../../session";
import { indexOfStep } from "../../../session/steps";
import { number } from "../../../ui/format";
import type { Embeddings } from "../state/actions";
import { spreadRatio, valueAt } from "../state/pair_figures";
import type { PositionCache } from "../state/positions";
import { blockOf, tellApart } from "../state/run_pair";

const SPREAD_TITLE =
  "How far a class's samples lie apart, relative to how far the classes do: in the picture of the last view. Small: the classes are clear.";
const CLUSTERS_TITLE =
  "Into how many clusters the picture takes a class apart: mean of the classes, found by HDBSCAN.";
const GAP_TITLE = "Train accuracy minus probe accuracy, in percentage points (pp).";
const NO_TRAIN =
  "Log the accuracy on the training set as the scalar train/accuracy in the same run to see the gap.";

interface PairFiguresProps {
  session: Session;
  embeddings: Embeddings;
  cache: PositionCache;
}

/** Of two runs side by side, what speaks for over-fitting: at the epoch on view. */
export function PairFigures(props: PairFiguresProps) {
  const { session, embeddings } = props;
  const compared = embeddings.comparedName.value;
  if (compared === null) return null;
  const runs = [session.runName.value ?? "", compared] as const;
  const names = tellApart(runs);
  const problem = embeddings.subclusters.value?.problem;
  return (
    <section class="nm-evidence" aria-label="Evidence of over-fitting" data-testid="evidence">
      <table>
        <thead>
          <tr>
            <td class="nm-evidence-corner" />
            {runs.map((run, side) => (
              <th key={run} scope="col" title={run}>
                {names[side]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {figuresOf(props, runs).map(({ label, testId, title, values }) => (
            <tr key={testId} title={title} data-testid={testId}>
              <th scope="row">{label}</th>
              {values.map((value, side) => (
                <td key={side}>{value ?? "–"}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {problem && <p class="nm-muted">{problem}</p>}
    </section>
  );
}

/** A row of the table: a figure of each run; null: not known. */
interface Figure {
  label: string;
  testId: string;
  title: string;
  values: (string | null)[];
}

function figuresOf({ session, embeddings, cache }: PairFiguresProps, runs: readonly string[]): Figure[] {
  embeddings.nArrivals.value;
  const step = session.epoch.value ?? 0;
  const last = blockOf(embeddings.panels.value.at(-1) ?? "");
  const figures = runs.map((run) => {
    const known = embeddings.accuracies.value[run];
    const train = known ? valueAt(known.train, step) : null;
    const probe = known ? valueAt(known.probe, step) : null;
    const gap = train === null || probe === null ? null : train - probe;
    return { train, probe, gap, spread: spreadOf(session, embeddings, cache, run, last, step) };
  });
  const counted = embeddings.subclusters.value;
  const isCounting =
    counted === null && session.run.value?.label_kind === "class" && !embeddings.computing.value
      ? "counting"
      : null;
  return [
    {
      label: "train accuracy",
      testId: "evidence-train",
      title: NO_TRAIN,
      values: figures.map(({ train }) => inPercent(train)),
    },
    {
      label: "probe accuracy",
      testId: "evidence-probe",
      title: "",
      values: figures.map(({ probe }) => inPercent(probe)),
    },
    {
      label: "gap",
      testId: "evidence-gap",
      title: `${GAP_TITLE} ${NO_TRAIN}`,
      values: figures.map(({ gap }) => inPoints(gap)),
    },
    {
      label: `spread, ${last}`,
      testId: "evidence-spread",
      title: SPREAD_TITLE,
      values: figures.map(({ spread }) => (spread === null ? null : number(Number(spread.toFixed(2))))),
    },
    {
      label: "sub-clusters",
      testId: "evidence-subclusters",
      title: `${counted?.block ?? last}: ${CLUSTERS_TITLE}`,
      values: runs.map((run) => isCounting ?? clusters(counted?.byRun[run]?.per_class)),
    },
  ];
}

function clusters(n: number | null | undefined): string | null {
  return n === null || n === undefined ? null : n.toFixed(1);
}

function inPercent(share: number | null): string | null {
  return share === null ? null : `${hundredths(share)} %`;
}

/** A difference of two shares is in percentage points. */
function inPoints(difference: number | null): string | null {
  return difference === null ? null : `${hundredths(difference)} pp`;
}

function hundredths(share: number): string {
  return (100 * share).toFixed(1).replace("-", "−");
}

/** In a run's view of a block, at the logged epoch nearest to `step`. */
function spreadOf(
  session: Session,
  embeddings: Embeddings,
  cache: PositionCache,
  run: string,
  last: string,
  step: number,
) {
  const classes = session.samples.value?.labels;
  const shown = embeddings.projections.value.find((each) => each.run === run && blockOf(each.block) === last);
  const slice = shown && cache.peek(shown.id, shown.steps[indexOfStep(shown.steps, step)]);
  return classes && slice ? spreadRatio(slice, classes) : null;
}

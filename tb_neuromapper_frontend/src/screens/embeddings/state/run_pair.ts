import type { Runs } from "../../../api/types";
import type { Projection } from "../types";

/** Of two runs side by side the second one's views bear the block's name with this behind it. */
const SECOND = "\u001f";

/** The block that a view shows: the same for both runs' views. */
export function blockOf(view: string): string {
  return view.endsWith(SECOND) ? view.slice(0, -SECOND.length) : view;
}

export function isSecond(view: string): boolean {
  return view.endsWith(SECOND);
}

/** The views of these blocks: one each, or one for each of the two runs. */
export function viewsOf(blocks: readonly string[], comparing: boolean): readonly string[] {
  return comparing ? blocks.flatMap((block) => [block, block + SECOND]) : blocks;
}

/** A projection as its view: `block` names the view. */
export function asView(projection: Projection): Projection {
  const second = projection.runs !== undefined && projection.run === projection.runs[1];
  return second && !isSecond(projection.block)
    ? { ...projection, block: projection.block + SECOND }
    : projection;
}

/** The runs that can be shown beside one: all others, or in an exported page those that were exported with it. */
export function comparableRuns(runs: Runs | null, run: string | null): string[] {
  const others = runs?.runs.map(({ name }) => name).filter((name) => name !== run) ?? [];
  const pairs = runs?.exported?.pairs;
  return pairs ? others.filter((name) => pairs.some((pair) => pair[0] === run && pair[1] === name)) : others;
}

/** Whether a projection is of what is asked for: the run alone, or the two runs. */
export function isWanted({ runs }: Projection, comparedName: string | null): boolean {
  return comparedName === null ? runs === undefined : runs?.[1] === comparedName;
}

/** The names of the displayed run and of the one beside it. */
export interface DisplayedRuns {
  run: string | null;
  comparedName: string | null;
}

/** The run that a view shows. */
export function runOf({ run, comparedName }: DisplayedRuns, view: string): string {
  return (isSecond(view) ? comparedName : run) ?? "";
}

/** A view's name for readers: the block, and the run if there are two. */
export function nameOf(names: DisplayedRuns, view: string): string {
  return names.comparedName === null ? view : `${blockOf(view)}, ${runOf(names, view)}`;
}

/** Between the parts of a run's name. */
const SEPARATOR = /[/_.-]/;

/** A beginning that two names share may stay up to this many letters, so that short names stay whole. */
const MAX_SHARED = 6;

/** Short names that tell two runs apart: without the beginning that they share, up to a separator if there is one. */
export function tellApart([first, second]: readonly [string, string]): [string, string] {
  let shared = 0;
  while (shared < Math.min(first.length, second.length) && first[shared] === second[shared]) shared++;
  let start = shared;
  while (start > 0 && !SEPARATOR.test(first[start - 1])) start--;
  if (shared - start <= MAX_SHARED) return [first.slice(start), second.slice(start)];
  const cut = shared - MAX_SHARED / 2;
  return [`…${first.slice(cut)}`, `…${second.slice(cut)}`];
}

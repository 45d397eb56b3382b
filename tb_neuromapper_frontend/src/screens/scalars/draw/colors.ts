import { classMark, SHAPES, type Theme } from "../../../color/palette";
import type { Scalars } from "../state/actions";

const DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 2], [8, 3, 2, 3], [1, 4]];

/** A run's colour and dash: by the order in which the runs were first seen, so that they stay while others come. */
export function lineOfRun(
  scalars: Scalars,
  run: string,
  theme: Theme,
): { color: string; dash: readonly number[] } {
  const mark = classMark(Math.max(0, scalars.order.value.indexOf(run)), theme);
  return { color: mark.color, dash: DASHES[SHAPES.indexOf(mark.shape)] };
}

/** How smooth the curves can be, as TensorBoard's own slider. */
export const MAX_SMOOTHING = 0.99;

/**
 * The exponential moving average with the bias of its start taken out, as TensorBoard's own scalars show it.
 *
 * @param values Null where the value is not finite; there the average goes on as it was, and is null.
 * @param weight How much of the average stays, 0 to 1; 0 changes nothing.
 */
export function smooth(values: readonly (number | null)[], weight: number): (number | null)[] {
  if (weight <= 0 || isConstant(values)) return [...values];
  let average = 0;
  let n = 0;
  return values.map((value) => {
    if (value === null) return null;
    average = average * weight + (1 - weight) * value;
    n += 1;
    return average / (1 - weight ** n);
  });
}

function isConstant(values: readonly (number | null)[]): boolean {
  const known = values.filter((value) => value !== null);
  return known.every((value) => value === known[0]);
}

/** The last known value at or before a step; null without any. */
export function valueAtStep(
  steps: readonly number[],
  values: readonly (number | null)[],
  step: number,
): number | null {
  let found: number | null = null;
  for (let index = 0; index < steps.length && steps[index] <= step; index++) found = values[index] ?? found;
  return found;
}

/** An epoch was logged after so many training steps; the first training step is number 0. */
export interface AxisPoint {
  epoch: number;
  nTrainSteps: number;
}

interface Recorded {
  /** Epochs, ascending, and the training steps before each, if counted. */
  epochs: readonly number[];
  nTrainSteps: readonly (number | null)[];
  /** Training steps, ascending, and the last epoch logged before each, if any. */
  trainSteps: readonly number[];
  lastEpochs: readonly (number | null)[];
}

/**
 * Where the epochs lie among the training steps, by epoch. An epoch whose steps were not counted lies before the first
 * recorded training step that knows of it; one of which neither is known is left out.
 */
export function axisPoints({ epochs, nTrainSteps, trainSteps, lastEpochs }: Recorded): AxisPoint[] {
  return epochs.flatMap((epoch, index) => {
    const counted = nTrainSteps[index] ?? null;
    if (counted !== null) return [{ epoch, nTrainSteps: counted }];
    const after = lastEpochs.findIndex((last) => last !== null && last >= epoch);
    return after < 0 ? [] : [{ epoch, nTrainSteps: trainSteps[after] }];
  });
}

/** The epoch that was logged nearest to the end of a training step, the earlier of two; null if none is known. */
export function epochAt(points: readonly AxisPoint[], trainStep: number): number | null {
  const distance = (point: AxisPoint) => Math.abs(point.nTrainSteps - (trainStep + 1));
  let best: AxisPoint | null = null;
  for (const point of points) if (!best || distance(point) < distance(best)) best = point;
  return best?.epoch ?? null;
}

/** The last training step before the epoch was logged, or before the known epoch nearest to it; null without any. */
export function trainStepAt(points: readonly AxisPoint[], epoch: number): number | null {
  let best: AxisPoint | null = null;
  for (const point of points)
    if (!best || Math.abs(point.epoch - epoch) < Math.abs(best.epoch - epoch)) best = point;
  return best ? Math.max(0, best.nTrainSteps - 1) : null;
}

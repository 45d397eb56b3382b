import { describe, expect, it } from "vitest";
import { axisPoints, epochAt, trainStepAt } from "../../src/session/axes";

const counted = {
  epochs: [0, 1, 2],
  nTrainSteps: [0, 100, 200],
  trainSteps: [0, 50, 100, 150],
  lastEpochs: [0, 0, 1, 1],
};

describe("axisPoints", () => {
  it("takes the counted training steps", () => {
    expect(axisPoints(counted)).toEqual([
      { epoch: 0, nTrainSteps: 0 },
      { epoch: 1, nTrainSteps: 100 },
      { epoch: 2, nTrainSteps: 200 },
    ]);
  });

  it("infers from the gradient records what was not counted, and leaves out what nobody knows", () => {
    const points = axisPoints({ ...counted, nTrainSteps: [null, null, null] });
    expect(points).toEqual([
      { epoch: 0, nTrainSteps: 0 },
      { epoch: 1, nTrainSteps: 100 },
    ]);
  });

  it("is empty without records", () => {
    expect(axisPoints({ epochs: [0, 1], nTrainSteps: [], trainSteps: [], lastEpochs: [] })).toEqual([]);
  });
});

describe("epochAt and trainStepAt", () => {
  const points = axisPoints(counted);

  it("an epoch's own training step leads back to it", () => {
    for (const { epoch } of points) {
      const step = trainStepAt(points, epoch) as number;
      expect(epochAt(points, step)).toBe(epoch);
    }
  });

  it("the last step before an epoch was logged is the epoch's", () => {
    expect(trainStepAt(points, 1)).toBe(99);
    expect(trainStepAt(points, 0)).toBe(0);
  });

  it("is the nearest, and the earlier of two", () => {
    expect(epochAt(points, 30)).toBe(0);
    expect(epochAt(points, 49)).toBe(0);
    expect(epochAt(points, 51)).toBe(1);
    expect(epochAt(points, 100_000)).toBe(2);
    expect(trainStepAt(points, 7)).toBe(199);
  });

  it("is null without points", () => {
    expect(epochAt([], 3)).toBeNull();
    expect(trainStepAt([], 3)).toBeNull();
  });
});

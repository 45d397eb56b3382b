import { asApiError } from "../../../api/errors";
import { createLruCache } from "../../../lru_cache";
import { indexOfStep } from "../../../session/steps";
import type { GradientsApi } from "../api";
import type { FlowFrame, GradientsSummary } from "../types";

const BUDGET_BYTES = 128 * 2 ** 20;
const MAX_REQUESTS = 3;
/** A step that could not be read is asked for again after so long. */
const RETRY_MS = 4000;

/** The frames of training steps, fetched when they are wanted; the least recently used leave the memory. */
export interface FlowFrames {
  /** The frame of a step, or null until it has come; those that are `wanted` next are fetched, in this order. */
  get(step: number): FlowFrame | null;
  want(steps: readonly number[]): void;
  clear(): void;
}

interface FlowFramesOptions {
  api: Pick<GradientsApi, "flow">;
  summary: () => GradientsSummary | null;
  onArrival: () => void;
  onFailure: (sentence: string) => void;
}

export function createFlowFrames({ api, summary, onArrival, onFailure }: FlowFramesOptions): FlowFrames {
  const frames = createLruCache<string, FlowFrame>({ budget: BUDGET_BYTES, sizeOf: bytesOf });
  const asked = new Map<string, AbortController>();
  const failedAt = new Map<string, number>();

  const keyOf = (step: number): string | null => {
    const known = summary();
    const index = known ? indexOfSorted(known.steps, step) : -1;
    return known && index >= 0 ? JSON.stringify([known.run, step, known.versions[index]]) : null;
  };
  const fetchFrame = async (key: string) => {
    const [run, step, version] = JSON.parse(key) as [string, number, string];
    const abort = new AbortController();
    asked.set(key, abort);
    try {
      frames.set(key, await api.flow(run, step, version, abort.signal));
      frames.trim((each) => each === key);
      onArrival();
    } catch (caught) {
      const error = asApiError(caught);
      if (error.kind === "aborted" || error.kind === "offline") return;
      failedAt.set(key, performance.now());
      onFailure(error.message);
    } finally {
      asked.delete(key);
    }
  };
  return {
    get(step) {
      const key = keyOf(step);
      return key === null ? null : (frames.get(key) ?? null);
    },
    want(steps) {
      for (const step of steps) {
        const key = keyOf(step);
        if (key === null || frames.peek(key) || asked.has(key)) continue;
        if (asked.size >= MAX_REQUESTS) return;
        if (performance.now() - (failedAt.get(key) ?? Number.NEGATIVE_INFINITY) > RETRY_MS)
          void fetchFrame(key);
      }
    },
    clear() {
      for (const abort of asked.values()) abort.abort();
      frames.clear();
      failedAt.clear();
    },
  };
}

function indexOfSorted(steps: readonly number[], step: number): number {
  const index = indexOfStep(steps, step);
  return steps[index] === step ? index : -1;
}

function bytesOf(frame: FlowFrame): number {
  return 20 * frame.unitGradient.length + 8 * frame.edges.length;
}

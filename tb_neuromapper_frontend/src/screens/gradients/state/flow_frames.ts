import { asApiError } from "../../../api/errors";
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

interface Parts {
  api: Pick<GradientsApi, "flow">;
  summary: () => GradientsSummary | null;
  onArrival: () => void;
  onFailure: (sentence: string) => void;
}

export function createFlowFrames({ api, summary, onArrival, onFailure }: Parts): FlowFrames {
  // A Map keeps insertion order, so the first key is the least recently used.
  const frames = new Map<string, FlowFrame>();
  const asked = new Map<string, AbortController>();
  const failedAt = new Map<string, number>();
  let usedBytes = 0;

  const keyOf = (step: number): string | null => {
    const known = summary();
    const index = known ? indexOfSorted(known.steps, step) : -1;
    return known && index >= 0 ? JSON.stringify([known.run, step, known.versions[index]]) : null;
  };
  const keep = (key: string, frame: FlowFrame) => {
    frames.set(key, frame);
    usedBytes += bytesOf(frame);
    for (const [oldest, old] of frames) {
      if (usedBytes <= BUDGET_BYTES || oldest === key) break;
      frames.delete(oldest);
      usedBytes -= bytesOf(old);
    }
  };
  const fetchFrame = async (key: string) => {
    const [run, step, version] = JSON.parse(key) as [string, number, string];
    const abort = new AbortController();
    asked.set(key, abort);
    try {
      keep(key, await api.flow(run, step, version, abort.signal));
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
      const frame = key === null ? undefined : frames.get(key);
      if (key === null || !frame) return null;
      frames.delete(key);
      frames.set(key, frame);
      return frame;
    },
    want(steps) {
      for (const step of steps) {
        const key = keyOf(step);
        if (key === null || frames.has(key) || asked.has(key)) continue;
        if (asked.size >= MAX_REQUESTS) return;
        if (performance.now() - (failedAt.get(key) ?? Number.NEGATIVE_INFINITY) > RETRY_MS)
          void fetchFrame(key);
      }
    },
    clear() {
      for (const abort of asked.values()) abort.abort();
      frames.clear();
      failedAt.clear();
      usedBytes = 0;
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

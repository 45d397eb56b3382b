import { effect } from "@preact/signals";
import { record, videoType } from "../../../save/video";
import type { Store } from "../../../session/state";
import { paintFrame } from "./figure";
import type { Stage } from "./stage";

/** The last epoch stays so long. */
const REST_MS = 600;

export const NO_VIDEO =
  "This browser cannot record a video (it has no MediaRecorder for canvases); a current Chrome, Edge or Firefox can.";

/**
 * Plays all epochs once from the first and records it, at the speed that is set. Whoever pauses ends it early.
 *
 * @throws Error in words: the browser cannot record.
 */
export async function recordEpochs(store: Store, stage: Stage): Promise<{ blob: Blob; extension: string }> {
  const type = videoType();
  if (!type) throw new Error(NO_VIDEO);
  const { actions } = store;
  const canvas = document.createElement("canvas");
  const looped = store.loop.peek();
  if (looped) actions.loopToggled();
  try {
    actions.firstStep();
    const first = store.steps.peek()[0];
    // Whether the picture is at rest is known with the next frame.
    await nextFrame();
    await nextFrame();
    await until(() => store.settled.value && store.step.value === first);
    stage.snapshot((drawn) => paintFrame(canvas, store, drawn));
    stage.onFrame((drawn) => paintFrame(canvas, store, drawn));
    const recording = record(canvas, type);
    actions.playToggled();
    await until(() => !store.playing.value);
    await until(() => store.settled.value);
    await new Promise((resolve) => setTimeout(resolve, REST_MS));
    return { blob: await recording.stop(), extension: type.startsWith("video/mp4") ? "mp4" : "webm" };
  } finally {
    stage.onFrame(null);
    if (looped !== store.loop.peek()) actions.loopToggled();
  }
}

function nextFrame(): Promise<unknown> {
  return new Promise(requestAnimationFrame);
}

/** Until a condition on signals holds. */
function until(holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    let done = false;
    let dispose = () => {};
    dispose = effect(() => {
      if (done || !holds()) return;
      done = true;
      // The effect runs once before its disposer is known.
      queueMicrotask(() => dispose());
      resolve();
    });
  });
}

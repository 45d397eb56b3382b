import { effect } from "@preact/signals";
import { record, videoType } from "../../../save/video";
import type { Session } from "../../../session";
import type { Embeddings } from "../state/actions";
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
export async function recordEpochs(
  session: Session,
  embeddings: Embeddings,
  stage: Stage,
): Promise<{ blob: Blob; extension: string }> {
  const type = videoType();
  if (!type) throw new Error(NO_VIDEO);
  const canvas = document.createElement("canvas");
  const looped = session.loop.peek();
  if (looped) session.actions.loopToggled();
  try {
    session.actions.epochMoves.first();
    const first = session.epochs.peek()[0];
    // Whether the picture is at rest is known with the next frame.
    await nextFrame();
    await nextFrame();
    await until(() => embeddings.settled.value && session.epoch.value === first);
    stage.snapshot((drawn) => paintFrame(canvas, session, embeddings, drawn));
    stage.onFrame((drawn) => paintFrame(canvas, session, embeddings, drawn));
    const recording = record(canvas, type);
    session.actions.epochMoves.togglePlaying();
    await until(() => !session.playing.value);
    await until(() => embeddings.settled.value);
    await new Promise((resolve) => setTimeout(resolve, REST_MS));
    return { blob: await recording.stop(), extension: type.startsWith("video/mp4") ? "mp4" : "webm" };
  } finally {
    stage.onFrame(null);
    if (looped !== session.loop.peek()) session.actions.loopToggled();
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

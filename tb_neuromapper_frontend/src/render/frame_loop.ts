/** Draws frames while something moves, and none while nothing does. */
export interface FrameLoop {
  /** Draws at the browser's next frame. */
  request(): void;
  dispose(): void;
}

/** A longer pause between two frames does not make the picture leap. */
const MAX_ELAPSED_S = 0.1;

/**
 * @param draw draws a frame; `elapsedS` is the time since the frame before, 0 after a rest.
 *   It returns whether the next frame follows at once.
 */
export function createFrameLoop(draw: (elapsedS: number, timeMs: number) => boolean): FrameLoop {
  let frame = 0;
  let lastMs = 0;
  const request = () => {
    if (frame === 0) frame = requestAnimationFrame(onFrame);
  };
  const onFrame = (timeMs: number) => {
    frame = 0;
    const elapsedS = lastMs === 0 ? 0 : Math.min(MAX_ELAPSED_S, (timeMs - lastMs) / 1000);
    const goesOn = draw(elapsedS, timeMs);
    lastMs = goesOn ? timeMs : 0;
    if (goesOn) request();
  };
  return { request, dispose: () => cancelAnimationFrame(frame) };
}

import type { Session } from "../../../session";
import { ControlBar } from "../../../shell/cursor_controls";

/** The other screens remain. */
export function NoWebGl({ session }: { session: Session }) {
  return (
    <>
      <ControlBar session={session} label="Screen and run" />
      <div class="nm-empty" role="alert" data-testid="no-webgl">
        <h1>This browser cannot draw the points</h1>
        <p>
          They are drawn with WebGL 2, which is switched off or missing here. Switch on hardware acceleration
          in the browser's settings, or open TensorBoard in a current Chrome, Edge, Firefox or Safari.
        </p>
      </div>
    </>
  );
}

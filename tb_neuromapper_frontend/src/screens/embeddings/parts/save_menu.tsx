import { type ReadonlySignal, useSignal } from "@preact/signals";
import { download, fileName } from "../../../save/download";
import type { Figure } from "../../../save/figure";
import { copyOf, pngBlob, svgBlob } from "../../../save/picture";
import { videoType } from "../../../save/video";
import type { Session } from "../../../session";
import { Menu } from "../../../ui/menu";
import { figureOf } from "../draw/figure";
import type { Stage } from "../draw/stage";
import { NO_VIDEO, recordEpochs } from "../draw/video";
import type { Embeddings } from "../state/actions";
import type { Coloring } from "../state/colors";

interface SaveMenuProps {
  session: Session;
  embeddings: Embeddings;
  coloring: ReadonlySignal<Coloring>;
  stage: () => Stage | null;
}

/** The picture and the animation as files. */
export function SaveMenu({ session, embeddings, coloring, stage }: SaveMenuProps) {
  const recording = useSignal(false);
  const guarded = (save: (stage: Stage) => Promise<void>) => () => {
    const drawn = stage();
    if (drawn) save(drawn).catch((error: Error) => session.actions.failed(error.message));
  };
  const name = (extension: string) =>
    fileName([session.runName.peek(), "epoch", session.epoch.peek()], extension);
  const picture = (stage: Stage) => {
    let taken: { figure: Figure; points: HTMLCanvasElement } | null = null;
    stage.snapshot((drawn) => {
      taken = { figure: figureOf(session, embeddings, coloring.peek(), drawn), points: copyOf(drawn.canvas) };
    });
    return taken as { figure: Figure; points: HTMLCanvasElement } | null;
  };
  const savePng = async (stage: Stage) => {
    const taken = picture(stage);
    if (taken) download(name("png"), await pngBlob(taken.figure, taken.points));
  };
  const saveSvg = async (stage: Stage) => {
    const taken = picture(stage);
    if (taken) download(name("svg"), svgBlob(taken.figure, taken.points));
  };
  const saveVideo = async (stage: Stage) => {
    recording.value = true;
    try {
      const { blob, extension } = await recordEpochs(session, embeddings, stage);
      download(fileName([session.runName.peek(), "epochs"], extension), blob);
    } finally {
      recording.value = false;
    }
  };
  const reason = noVideoReason(session);
  return (
    <Menu label={recording.value ? "Recording" : "Save"} testId="save-menu">
      <div class="nm-save">
        <SaveButton testId="save-png" words="picture, PNG" ends onClick={guarded(savePng)} />
        <SaveButton testId="save-svg" words="picture, SVG" ends onClick={guarded(saveSvg)} />
        <SaveButton
          testId="save-video"
          words={recording.value ? "recording; pause ends it" : "animation of the epochs, WebM"}
          disabled={recording.value || reason !== ""}
          onClick={guarded(saveVideo)}
        />
        {reason && (
          <p class="nm-muted" data-testid="no-video">
            {reason}
          </p>
        )}
        <p class="nm-muted">Selected samples are saved from their list, as CSV or JSON.</p>
      </div>
    </Menu>
  );
}

function noVideoReason(session: Session): string {
  if (videoType() === null) return NO_VIDEO;
  return session.epochs.value.length < 2 ? "An animation needs two epochs." : "";
}

interface SaveButtonProps {
  words: string;
  testId: string;
  disabled?: boolean;
  /** The menu closes with it. */
  ends?: boolean;
  onClick: () => void;
}

function SaveButton({ words, testId, disabled = false, ends, onClick }: SaveButtonProps) {
  return (
    <button
      type="button"
      class="nm-button"
      disabled={disabled}
      onClick={onClick}
      data-ends={ends}
      data-testid={testId}
    >
      {words}
    </button>
  );
}

import type { Run, Samples } from "../../../api/types";
import type { Session } from "../../../session";
import { Thumbnail } from "../../../ui/thumbnail";
import type { EmbeddingsApi } from "../api";
import type { Embeddings } from "../state/actions";

interface SampleButtonProps {
  session: Session;
  embeddings: Embeddings;
  api: EmbeddingsApi;
  run: Run;
  samples: Samples;
  row: number;
  /** Of the picture, in pixels. */
  size: number;
  /** What else is to be said of it, after its id and label. */
  words?: string;
  /** It stands out, for instance because it is of another class. */
  marked?: boolean;
  testId: string;
}

/** A small picture of a sample, or its id; pointing at it marks it in all views, a click pins it. */
export function SampleButton(props: SampleButtonProps) {
  const { session, embeddings, api, run, samples, row, size, words = "", marked = false, testId } = props;
  const id = String(samples.ids[row] ?? row);
  const label = [`sample ${id}`, classText(run, samples, row), words].filter(Boolean).join(", ");
  const point = (event: { currentTarget: HTMLElement }) => {
    const { left, bottom } = event.currentTarget.getBoundingClientRect();
    embeddings.actions.hovered({ row, block: "", x: left, y: bottom });
  };
  const leave = () => embeddings.actions.hovered(null);
  return (
    <button
      type="button"
      class="nm-sample"
      aria-label={label}
      title={words && label}
      aria-pressed={session.pinned.value === row}
      data-testid={testId}
      data-row={row}
      data-marked={marked}
      onPointerEnter={point}
      onPointerLeave={leave}
      onFocus={point}
      onBlur={leave}
      onClick={() => session.actions.pinToggled(row)}
    >
      {run.thumbnails ? (
        <SamplePicture {...{ session, api, run, row, size }} />
      ) : (
        <span class="nm-sample-id">{id}</span>
      )}
    </button>
  );
}

export function classText(run: Run, samples: Samples, row: number): string {
  if (!samples.labels) return "";
  const label = samples.labels[row];
  return label < 0 ? "no label" : (run.class_names?.[label] ?? `class ${label}`);
}

type PictureProps = Pick<SampleButtonProps, "session" | "api" | "run" | "row" | "size">;

/** A sample's thumbnail, if the run has any; a browser asks again for one that failed only if it is made anew. */
export function SamplePicture({ session, api, run, row, size }: PictureProps) {
  const sheets = run.thumbnails;
  if (!sheets) return null;
  const sheet = Math.floor(row / sheets.per_sheet);
  const url = api.thumbnailsUrl(run.name, sheet, run.probe_version ?? "");
  return <Thumbnail key={session.nReturns.value} {...{ sheets, url, row, size }} />;
}

import { IconButton } from "./icons";

interface PlayerProps {
  /** What is stepped through, as in "next epoch". */
  noun: string;
  playing: boolean;
  index: number;
  n: number;
  onFirst: () => void;
  onPrevious: () => void;
  /** Null: nothing plays here. */
  onPlay: (() => void) | null;
  onNext: () => void;
  onLast: () => void;
}

/** The buttons of a video player; the keys are the page's. */
export function Player({ noun, playing, index, n, ...on }: PlayerProps) {
  const none = n < 2;
  const atFirst = none || index <= 0;
  const atLast = none || index >= n - 1;
  const toggle = playing ? "Pause (space)" : "Play (space)";
  const name = `${noun[0].toUpperCase()}${noun.slice(1)}`;
  return (
    <fieldset class="nm-buttons" aria-label={`${name} controller`}>
      <IconButton
        icon="first"
        label={`First ${noun} (Home)`}
        disabled={atFirst}
        onClick={on.onFirst}
        testId="first"
      />
      <IconButton
        icon="previous"
        label={`Previous ${noun} (left arrow)`}
        disabled={atFirst}
        onClick={on.onPrevious}
        testId="previous"
      />
      {on.onPlay && (
        <IconButton
          icon={playing ? "pause" : "play"}
          label={toggle}
          disabled={none}
          onClick={on.onPlay}
          testId="play"
        />
      )}
      <IconButton
        icon="next"
        label={`Next ${noun} (right arrow)`}
        disabled={atLast}
        onClick={on.onNext}
        testId="next"
      />
      <IconButton
        icon="last"
        label={`Newest ${noun} (End)`}
        disabled={atLast}
        onClick={on.onLast}
        testId="last"
      />
    </fieldset>
  );
}

import type { ComponentChildren } from "preact";
import type { Session } from "../session";
import { indexOfStep } from "../session/steps";
import { integer } from "../ui/format";
import { Player } from "../ui/player";
import { RunChoice } from "./run_choice";
import { ScreenTabs } from "./screen_tabs";

interface BarProps {
  session: Session;
  label: string;
  /** Whether the screen is about a run. */
  hasRun?: boolean;
  children?: ComponentChildren;
}

/** One row above every screen: which screen and which run, then what the screen adds. */
export function ControlBar({ session, label, hasRun = true, children }: BarProps) {
  return (
    <div class="nm-controls" role="toolbar" aria-label={label}>
      <ScreenTabs session={session} />
      {hasRun && (session.runs.value?.runs.length ?? 0) > 0 && <RunChoice session={session} />}
      {children}
    </div>
  );
}

/** The buttons of a player through the epochs; without `plays` it only steps. */
export function EpochPlayer({ session, plays = true }: { session: Session; plays?: boolean }) {
  const { epochMoves: moves } = session.actions;
  return (
    <Player
      noun="epoch"
      playing={session.playing.value}
      index={indexOfStep(session.epochs.value, session.epoch.value ?? 0)}
      n={session.epochs.value.length}
      onFirst={moves.first}
      onPrevious={moves.previous}
      onPlay={plays ? moves.togglePlaying : null}
      onNext={moves.next}
      onLast={moves.last}
    />
  );
}

/** The cursor among the epochs without a slider. */
export function EpochSteps({ session }: { session: Session }) {
  const epoch = session.epoch.value;
  if (session.runName.value === null) return null;
  return (
    <>
      <EpochPlayer session={session} plays={false} />
      <output class="nm-train-words" data-testid="epoch">
        {epoch === null ? "no epoch yet" : `epoch ${epoch}`}
        {epoch !== null && <span class="nm-muted"> of {session.epochs.value.at(-1)}</span>}
      </output>
    </>
  );
}

/** The cursor among the recorded training steps; only the neuron view can play through them. */
export function TrainSteps({ session, plays = true }: { session: Session; plays?: boolean }) {
  const { trainStepMoves: moves } = session.actions;
  const steps = session.trainSteps.value;
  const step = session.recordedStep.value;
  const index = step === null ? 0 : indexOfStep(steps, step);
  const epoch = session.lastEpochs.value[index] ?? null;
  const text = step === null ? "no step yet" : `step ${integer(step)}`;
  return (
    <>
      <Player
        noun="step"
        playing={session.playing.value}
        index={index}
        n={steps.length}
        onFirst={moves.first}
        onPrevious={moves.previous}
        onPlay={plays ? moves.togglePlaying : null}
        onNext={moves.next}
        onLast={moves.last}
      />
      <div class="nm-epoch nm-train-step">
        <div class="nm-slider">
          <input
            type="range"
            aria-label="Training step"
            aria-valuetext={text}
            data-testid="train-slider"
            min={0}
            max={Math.max(1, steps.length - 1)}
            step={1}
            value={index}
            disabled={steps.length < 2}
            onInput={(event) => moves.choose(steps[Number(event.currentTarget.value)])}
          />
        </div>
        <output class="nm-train-words" data-testid="train-step">
          {step === null ? "–" : text}
          {step !== null && (
            <span class="nm-muted">
              {" "}
              of {integer(steps[steps.length - 1])}
              {epoch === null ? "" : ` · after epoch ${epoch}`}
            </span>
          )}
        </output>
      </div>
    </>
  );
}

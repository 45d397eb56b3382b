import type { ComponentChildren } from "preact";
import type { Session } from "../../../session";
import { SPEEDS } from "../../../session/state";
import { indexOfStep, unionOfSteps } from "../../../session/steps";
import { ControlBar, EpochPlayer } from "../../../shell/cursor_controls";
import { IconButton } from "../../../ui/icons";
import type { Embeddings } from "../state/actions";
import { ComparisonChoice } from "./comparison_choice";
import { LayoutMenu, PreviousLayout } from "./layout_menu";
import { QualityChart, QualityText, QualityWhose } from "./quality_chart";
import { SamplesMenu } from "./samples_menu";
import { ToolSwitch } from "./tool_switch";
import { ViewsMenu } from "./views_menu";

interface ControlsProps {
  session: Session;
  embeddings: Embeddings;
  children: ComponentChildren;
}

/** One row: which run, which epoch, and how it plays. */
export function Controls({ session, embeddings, children }: ControlsProps) {
  return (
    <ControlBar session={session} label="Run and epoch">
      <ComparisonChoice session={session} embeddings={embeddings} />
      <EpochPlayer session={session} />
      <EpochSlider session={session} embeddings={embeddings} />
      <Playback session={session} embeddings={embeddings}>
        {children}
      </Playback>
    </ControlBar>
  );
}

/** A slider over the logged steps, at equal distances whatever their numbers are. */
function EpochSlider({ session, embeddings }: { session: Session; embeddings: Embeddings }) {
  const steps = session.epochs.value;
  const logged = unionOfSteps([session.run.value?.steps ?? [], steps]);
  const step = session.epoch.value;
  const index = step === null ? 0 : indexOfStep(logged, step);
  const last = logged[logged.length - 1];
  const text = step === null ? "no epoch yet" : `epoch ${step}`;
  return (
    <div class="nm-epoch">
      <div class="nm-slider">
        <input
          type="range"
          aria-label="Epoch"
          aria-valuetext={text}
          data-testid="epoch-slider"
          min={0}
          max={Math.max(1, logged.length - 1)}
          step={1}
          value={index}
          disabled={steps.length < 2}
          onInput={(event) => session.actions.epochChosen(logged[Number(event.currentTarget.value)])}
        />
        <Ticks logged={logged} ready={steps} />
        <QualityChart session={session} embeddings={embeddings} />
      </div>
      <div class="nm-epoch-number">
        <output data-testid="epoch">
          {step === null ? "–" : text}
          {step !== null && <span class="nm-muted"> of {last}</span>}
        </output>
        <QualityWhose embeddings={embeddings} />
      </div>
      <QualityText session={session} embeddings={embeddings} />
    </div>
  );
}

const MAX_TICKS = 120;

/** A tick for each logged step, paler while it has no layout yet. */
function Ticks({ logged, ready }: { logged: readonly number[]; ready: readonly number[] }) {
  if (logged.length < 2 || logged.length > MAX_TICKS) return <div class="nm-ticks" />;
  const has = new Set(ready);
  return (
    <div class="nm-ticks" aria-hidden="true">
      {logged.map((step) => (
        <i key={step} class={has.has(step) ? "" : "nm-pending"} />
      ))}
    </div>
  );
}

function Playback({
  session,
  embeddings,
  children,
}: {
  session: Session;
  embeddings: Embeddings;
  children: ComponentChildren;
}) {
  return (
    <div class="nm-playback">
      <ToolSwitch embeddings={embeddings} />
      <LayoutMenu session={session} embeddings={embeddings} />
      <PreviousLayout session={session} embeddings={embeddings} />
      <SamplesMenu session={session} embeddings={embeddings} />
      <ViewsMenu embeddings={embeddings} />
      {children}
      <label title="Speed of playing, in epochs per second">
        <span class="nm-hidden">Speed</span>
        <select
          aria-label="Speed in epochs per second"
          data-testid="speed"
          value={String(session.speed.value)}
          onChange={(event) => session.actions.speedChosen(Number(event.currentTarget.value))}
        >
          {SPEEDS.map((speed) => (
            <option key={speed} value={String(speed)}>
              {speed} {speed === 1 ? "epoch" : "epochs"}/s
            </option>
          ))}
        </select>
      </label>
      <IconButton
        icon="loop"
        label="Play again and again"
        pressed={session.loop.value}
        onClick={session.actions.loopToggled}
        testId="loop"
      />
      <IconButton
        icon="link"
        label="Zoom, pan and turn all views together"
        pressed={embeddings.linked.value}
        onClick={embeddings.actions.linkToggled}
        testId="link-views"
      />
      <IconButton
        icon="fit"
        label="Show the whole of every view"
        onClick={() => embeddings.actions.camerasReset()}
        testId="fit-all"
      />
    </div>
  );
}

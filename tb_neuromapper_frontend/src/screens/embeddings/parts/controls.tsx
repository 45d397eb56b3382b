import type { ComponentChildren } from "preact";
import type { Store } from "../../../session/state";
import { indexOfStep, unionOfSteps } from "../../../session/steps";
import { RunChoice } from "../../../shell/run_choice";
import { ScreenTabs } from "../../../shell/screen_tabs";
import { IconButton } from "../../../ui/icons";
import { Player } from "../../../ui/player";
import { SPEEDS } from "../state/color_by";
import { LayoutMenu, PreviousLayout } from "./layout_menu";
import { BesideChoice } from "./pair_choice";
import { QualityChart, QualityWhose, QualityWords } from "./quality_chart";
import { SamplesMenu } from "./samples_menu";
import { ToolSwitch } from "./tool_switch";
import { ViewsMenu } from "./views_menu";

/** One row: which run, which epoch, and how it plays. */
export function Controls({ store, children }: { store: Store; children: ComponentChildren }) {
  return (
    <div class="nm-controls" role="toolbar" aria-label="Run and epoch">
      <ScreenTabs store={store} />
      <RunChoice store={store} />
      <BesideChoice store={store} />
      <PlayButtons store={store} />
      <EpochSlider store={store} />
      <Playback store={store}>{children}</Playback>
    </div>
  );
}

function PlayButtons({ store }: { store: Store }) {
  const { actions } = store;
  const steps = store.steps.value;
  return (
    <Player
      noun="epoch"
      playing={store.playing.value}
      index={indexOfStep(steps, store.step.value ?? 0)}
      n={steps.length}
      onFirst={actions.firstStep}
      onPrevious={actions.previousStep}
      onPlay={actions.playToggled}
      onNext={actions.nextStep}
      onLast={actions.lastStep}
    />
  );
}

/** A slider over the logged steps, at equal distances whatever their numbers are. */
function EpochSlider({ store }: { store: Store }) {
  const steps = store.steps.value;
  const logged = unionOfSteps([store.run.value?.steps ?? [], steps]);
  const step = store.step.value;
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
          onInput={(event) => store.actions.stepChosen(logged[Number(event.currentTarget.value)])}
        />
        <Ticks logged={logged} ready={steps} />
        <QualityChart store={store} />
      </div>
      <div class="nm-epoch-number">
        <output data-testid="epoch">
          {step === null ? "–" : text}
          {step !== null && <span class="nm-muted"> of {last}</span>}
        </output>
        <QualityWhose store={store} />
      </div>
      <QualityWords store={store} />
    </div>
  );
}

const MAX_TICKS = 120;

/** A tick for each logged step, paler while it has no layout yet. */
function Ticks({ logged, ready }: { logged: number[]; ready: number[] }) {
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

function Playback({ store, children }: { store: Store; children: ComponentChildren }) {
  const { actions } = store;
  return (
    <div class="nm-playback">
      <ToolSwitch store={store} />
      <LayoutMenu store={store} />
      <PreviousLayout store={store} />
      <SamplesMenu store={store} />
      <ViewsMenu store={store} />
      {children}
      <label title="Speed of playing, in epochs per second">
        <span class="nm-hidden">Speed</span>
        <select
          aria-label="Speed in epochs per second"
          data-testid="speed"
          value={String(store.speed.value)}
          onChange={(event) => actions.speedChosen(Number(event.currentTarget.value))}
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
        pressed={store.loop.value}
        onClick={actions.loopToggled}
        testId="loop"
      />
      <IconButton
        icon="link"
        label="Zoom, pan and turn all views together"
        pressed={store.linked.value}
        onClick={actions.linkToggled}
        testId="link-views"
      />
      <IconButton
        icon="fit"
        label="Show the whole of every view"
        onClick={() => actions.camerasReset()}
        testId="fit-all"
      />
    </div>
  );
}

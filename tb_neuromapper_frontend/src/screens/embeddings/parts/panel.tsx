import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Session } from "../../../session";
import { count, percent, percentOrNone } from "../../../ui/format";
import { IconButton } from "../../../ui/icons";
import { watchPointer } from "../draw/pointer";
import type { Stage } from "../draw/stage";
import type { Embeddings } from "../state/actions";
import { blockOf, nameOf, runOf } from "../state/run_pair";
import type { Projection } from "../types";
import { type LassoDraft, LassoOutline } from "./lasso_outline";

interface PanelProps {
  session: Session;
  embeddings: Embeddings;
  stage: Stage | null;
  block: string;
  /** Why there are no points although they are known, or "". */
  absence: string;
}

/** One block's scatter: a line of words above the room for its points. */
export function Panel({ session, embeddings, stage, block, absence }: PanelProps) {
  const plot = useRef<HTMLDivElement>(null);
  const lassoDraft = useSignal<LassoDraft | null>(null);
  useEffect(() => {
    const element = plot.current;
    if (!element || !stage) return;
    const removePlot = stage.addPlot(block, element);
    const unwatch = watchPointer(element, { session, embeddings, stage, block, lassoDraft });
    return () => {
      unwatch();
      removePlot();
    };
  }, [stage, block, session, embeddings, lassoDraft]);
  const info = session.run.value?.blocks.find((each) => each.name === blockOf(block));
  const projection = embeddings.newest.value.find((each) => each.block === block);
  const shown = embeddings.projections.value.find((each) => each.block === block);
  const name = nameOf(embeddings.names.value, block);
  const comparing = embeddings.comparedName.value !== null;
  const hasPoints = (shown?.steps.length ?? 0) > 0;
  return (
    <section
      class="nm-panel"
      aria-label={`Block ${name}`}
      data-testid="panel"
      data-block={blockOf(block)}
      data-run={runOf(embeddings.names.value, block)}
      onPointerEnter={() => embeddings.actions.viewPointed(block)}
      onPointerLeave={() => embeddings.actions.viewPointed(null)}
      onFocusIn={() => embeddings.actions.viewPointed(block)}
      onFocusOut={() => embeddings.actions.viewPointed(null)}
    >
      <header class="nm-panel-head">
        <BlockName name={blockOf(block)} />
        <span class={`nm-muted ${comparing ? "nm-panel-run" : "nm-panel-dims"}`} data-testid="panel-run">
          {comparing ? runOf(embeddings.names.value, block) : info ? count(info.n_dims, "dimension") : ""}
        </span>
        <span
          class="nm-panel-state"
          title={hasPoints ? stateText(projection) : undefined}
          data-testid="panel-state"
        >
          {hasPoints &&
            (stateText(projection) || <QualityText projection={shown} step={session.epoch.value} />)}
        </span>
        <Tools embeddings={embeddings} block={block} />
      </header>
      <ProgressLine projection={projection} />
      <div
        class="nm-plot"
        ref={plot}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the plot is zoomed and panned with the keyboard
        tabIndex={0}
        role="application"
        aria-label={plotLabel(session, embeddings, block)}
        data-testid="plot"
        data-tool={embeddings.tool.value}
      >
        <LassoOutline lassoDraft={lassoDraft.value} />
        {!hasPoints && <PlotText session={session} embeddings={embeddings} projection={projection} />}
        {hasPoints && absence && (
          <p class="nm-words" data-testid="nothing-shown">
            {absence}
          </p>
        )}
      </div>
    </section>
  );
}

/** A long name loses its middle: what tells blocks apart is mostly at the end. */
function BlockName({ name }: { name: string }) {
  const cut = Math.max(name.lastIndexOf("."), name.lastIndexOf("/"));
  const end = cut > 0 ? cut : name.length;
  return (
    <h2 title={name}>
      <span class="nm-name-start">{name.slice(0, end)}</span>
      <span class="nm-name-end">{name.slice(end)}</span>
    </h2>
  );
}

function Tools({ embeddings, block }: { embeddings: Embeddings; block: string }) {
  const enlarged = embeddings.enlarged.value === blockOf(block);
  const moved = embeddings.cameras.value[blockOf(block)] !== undefined;
  return (
    <div class="nm-tools">
      <IconButton
        icon="rotate"
        label={`Rotate ${nameOf(embeddings.names.value, block)} by 30 degrees`}
        onClick={() => embeddings.actions.viewRotated(block)}
        testId="rotate"
      />
      <IconButton
        icon="mirror"
        label={`Mirror ${nameOf(embeddings.names.value, block)}`}
        onClick={() => embeddings.actions.viewMirrored(block)}
        testId="mirror"
      />
      <IconButton
        icon="fit"
        label={`Show all of ${nameOf(embeddings.names.value, block)}, upright (0)`}
        disabled={!moved}
        onClick={() => embeddings.actions.camerasReset(block)}
        testId="fit"
      />
      <IconButton
        icon={enlarged ? "shrink" : "enlarge"}
        label={enlarged ? "Show all views" : `Enlarge ${nameOf(embeddings.names.value, block)}`}
        onClick={() => embeddings.actions.enlargeToggled(block)}
        testId="enlarge"
      />
    </div>
  );
}

const KEY_WORDS = {
  pan: "L or B selects by lasso or box.",
  lasso: "Enter shows a cross, arrows move it, Enter sets a corner, Enter selects.",
  box: "Enter shows a cross, arrows move it, Enter sets a corner, Enter selects.",
};

function plotLabel(session: Session, embeddings: Embeddings, block: string): string {
  const n = count(session.run.value?.n_samples ?? 0, "sample");
  return `${nameOf(embeddings.names.value, block)}: ${n} at epoch ${session.epoch.value ?? "–"}. Plus and minus zoom, shift and arrows pan, 0 shows all. ${KEY_WORDS[embeddings.tool.value]}`;
}

/** Words beside the name while there are points. */
function stateText(projection: Projection | undefined): string {
  if (!projection || projection.state === "done") return "";
  if (projection.state === "queued") return projection.message || "waiting for its turn";
  if (projection.state === "cancelled") return "cancelled";
  if (projection.state === "failed") return projection.message;
  return `${projection.message || "laying out"} (${percent(projection.progress)})`;
}

/** How far the picture of this epoch can be trusted. */
function QualityText({ projection, step }: { projection: Projection | undefined; step: number | null }) {
  const quality = projection?.quality.find((each) => each.step === step);
  if (!quality) return null;
  const { trustworthiness, preservation } = quality;
  return (
    <>
      <span title="Trustworthiness: how few of the neighbours in the picture are strangers in the network">
        trust {percentOrNone(trustworthiness)}
      </span>
      <span title="Preservation: the share of a sample's neighbours in the network that are its neighbours in the picture">
        {" · "}kept {percentOrNone(preservation)}
      </span>
    </>
  );
}

function ProgressLine({ projection }: { projection: Projection | undefined }) {
  const running = projection?.state === "running";
  const width = running ? `${Math.round(projection.progress * 100)}%` : "0";
  return <div class="nm-progress" style={{ width, opacity: running ? 1 : 0 }} />;
}

/** Words where points should be, as long as there are none. */
function PlotText({
  session,
  embeddings,
  projection,
}: {
  session: Session;
  embeddings: Embeddings;
  projection: Projection | undefined;
}) {
  if (!projection) return null;
  const { state, message } = projection;
  if (state !== "failed" && state !== "cancelled") {
    return <p class="nm-words">{message || "The layout is about to be computed."}</p>;
  }
  return (
    <div class={state === "failed" ? "nm-words nm-error" : "nm-words"} data-testid="plot-words">
      <p>{state === "failed" ? message : "The layout was cancelled."}</p>
      {!session.runs.value?.exported && (
        <button type="button" class="nm-button nm-primary" onClick={embeddings.actions.layoutRequested}>
          compute again
        </button>
      )}
    </div>
  );
}

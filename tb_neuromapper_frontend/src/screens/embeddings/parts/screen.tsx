import { type ReadonlySignal, useComputed } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Size } from "../../../render/camera";
import type { PointStyles } from "../../../render/scatter/scene";
import type { Session } from "../../../session";
import type { EmbeddingsApi } from "../api";
import { gridFor, pairGridFor } from "../draw/grid";
import { createStage, type Stage } from "../draw/stage";
import type { Embeddings } from "../state/actions";
import type { Coloring } from "../state/colors";
import type { PositionCache } from "../state/positions";
import { Legend } from "./legend";
import { Nearest } from "./nearest";
import { PairFigures } from "./pair_figures";
import { Panel } from "./panel";
import { Pinned, SampleSearch } from "./pinned";
import { Selection } from "./selection";
import { Tooltip } from "./tooltip";

export interface ScreenProps {
  session: Session;
  embeddings: Embeddings;
  api: EmbeddingsApi;
  cache: PositionCache;
  pointStyles: ReadonlySignal<PointStyles>;
  coloring: ReadonlySignal<Coloring>;
  /** How the points would look without a selection. */
  unselected: ReadonlySignal<Uint8Array>;
  /** Which rows the sample holds: 1 or 0. */
  drawn: ReadonlySignal<Uint8Array>;
  /** Which rows are on view: 0 or not. */
  shown: ReadonlySignal<Uint8Array>;
  /** Told of the stage when there is one, for tests to look at. */
  onStage: (stage: Stage | null) => void;
}

/** A scatter for each block, the legend beside them, the sample under the pointer. */
export function EmbeddingsScreen(props: ScreenProps) {
  const { session, embeddings, api, shown } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const views = useRef<HTMLDivElement>(null);
  const stage = useStage(canvas, props);
  const size = useSize(views, stage);
  return (
    <div class="nm-screen">
      <div class="nm-stage">
        <canvas class="nm-canvas" ref={canvas} data-testid="canvas" />
        <div class="nm-views" ref={views} data-testid="views">
          <NoEpoch session={session} />
          <Panels session={session} embeddings={embeddings} shown={shown} stage={stage} size={size} />
        </div>
      </div>
      <Side {...props} />
      <Tooltip session={session} embeddings={embeddings} api={api} />
    </div>
  );
}

/** What draws in the canvas, from the first picture on; null if nothing can. */
function useStage(canvas: RefObject<HTMLCanvasElement | null>, props: ScreenProps): Stage | null {
  const { session, embeddings, cache, pointStyles, coloring, shown, onStage } = props;
  const [stage, setStage] = useState<Stage | null>(null);
  useEffect(() => {
    if (!canvas.current) return;
    const created = tryStage({ session, embeddings, cache, pointStyles, shown, coloring }, canvas.current);
    if (!created) embeddings.actions.drawingImpossible();
    setStage(created);
    onStage(created);
    return () => {
      onStage(null);
      created?.dispose();
    };
  }, [canvas, session, embeddings, cache, pointStyles, shown, coloring, onStage]);
  return stage;
}

/** The size of the views' room; the stage measures again when something in it changes its size or scrolls. */
function useSize(views: RefObject<HTMLDivElement | null>, stage: Stage | null): Size {
  const [size, setSize] = useState<Size>({ width: 800, height: 600 });
  useEffect(() => {
    const element = views.current;
    if (!element || !stage) return;
    const observer = new ResizeObserver(() => {
      setSize({ width: element.clientWidth, height: element.clientHeight });
      stage.measure();
    });
    observer.observe(element);
    for (const child of element.children) observer.observe(child);
    element.addEventListener("scroll", stage.measure, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", stage.measure);
    };
  }, [views, stage]);
  return size;
}

function NoEpoch({ session }: { session: Session }) {
  if (session.run.value?.steps.length !== 0) return null;
  return (
    <p class="nm-words" data-testid="no-epoch">
      No epoch of this run can be shown yet
      {(session.summary.value?.problems.length ?? 0) > 0
        ? ". The problems in the log say why."
        : ": mapper.log_epoch(epoch) logs one."}
    </p>
  );
}

interface PanelsProps extends Pick<ScreenProps, "session" | "embeddings" | "shown"> {
  stage: Stage | null;
  size: Size;
}

function Panels({ session, embeddings, shown, stage, size }: PanelsProps) {
  const absence = useComputed(() => {
    if (shown.value.length === 0 || shown.value.some((level) => level !== 0)) return "";
    return session.hiddenClasses.value.size > 0 ? "No class is shown." : "No sample is shown.";
  });
  const blocks = embeddings.panels.value;
  const { columns, rowHeight } =
    embeddings.comparedName.value === null ? gridFor(blocks.length, size) : pairGridFor(blocks.length, size);
  useEffect(() => stage?.measure(), [stage, columns, rowHeight, blocks]);
  const style = { gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`, gridAutoRows: `${rowHeight}px` };
  return (
    <div class="nm-grid" style={style}>
      {blocks.map((block) => (
        <Panel
          key={block}
          session={session}
          embeddings={embeddings}
          stage={stage}
          block={block}
          absence={absence.value}
        />
      ))}
    </div>
  );
}

function Side({ session, embeddings, api, cache, coloring, unselected, drawn }: ScreenProps) {
  return (
    <aside class="nm-side" aria-label="Colours and samples">
      <Legend session={session} embeddings={embeddings} coloring={coloring} drawn={drawn} />
      {/* What is above another part keeps its place when that one grows. */}
      <div class="nm-details">
        <PairFigures session={session} embeddings={embeddings} cache={cache} />
        <SampleSearch session={session} />
        <Selection
          session={session}
          embeddings={embeddings}
          api={api}
          coloring={coloring}
          unselected={unselected}
        />
        <Pinned session={session} embeddings={embeddings} api={api} />
        <Nearest session={session} embeddings={embeddings} api={api} />
      </div>
    </aside>
  );
}

/** A driver that does not compile the shaders is as good as none. */
function tryStage(...args: Parameters<typeof createStage>): Stage | null {
  try {
    return createStage(...args);
  } catch {
    return null;
  }
}

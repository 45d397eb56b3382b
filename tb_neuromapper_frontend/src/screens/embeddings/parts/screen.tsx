import { type ReadonlySignal, useComputed } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
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
import { Evidence } from "./pair_figures";
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
  const { session, embeddings, api, cache, pointStyles, coloring, unselected, shown, drawn, onStage } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const views = useRef<HTMLDivElement>(null);
  const [stage, setStage] = useState<Stage | null>(null);
  const [size, setSize] = useState({ width: 800, height: 600 });

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
  }, [session, embeddings, cache, pointStyles, shown, coloring, onStage]);

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
  }, [stage]);

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
    <div class="nm-screen">
      <div class="nm-stage">
        <canvas class="nm-canvas" ref={canvas} data-testid="canvas" />
        <div class="nm-views" ref={views} data-testid="views">
          {session.run.value?.steps.length === 0 && (
            <p class="nm-words" data-testid="no-epoch">
              No epoch of this run can be shown yet
              {(session.summary.value?.problems.length ?? 0) > 0
                ? ". The problems in the log say why."
                : ": mapper.log_epoch(epoch) logs one."}
            </p>
          )}
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
        </div>
      </div>
      <aside class="nm-side" aria-label="Colours and samples">
        <Legend session={session} embeddings={embeddings} coloring={coloring} drawn={drawn} />
        {/* What is above another part keeps its place when that one grows. */}
        <div class="nm-details">
          <Evidence session={session} embeddings={embeddings} cache={cache} />
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
      <Tooltip session={session} embeddings={embeddings} api={api} />
    </div>
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

import type { Session } from "../../../session";
import type { ColumnLayout } from "../draw/columns";
import { type Fact, linkFacts, unitFacts } from "../draw/facts";
import type { FlowModel } from "../draw/model";
import type { Gradients } from "../state/actions";
import type { FlowFrames } from "../state/flow_frames";
import { type FlowHover, sameUnit, type UnitRef } from "../state/state";
import { Facts } from "./side";

const WIDTH = 240;
const HEIGHT = 170;
const GAP = 16;

/** The figures of what is under the pointer, beside the pointer. */
export function FlowTooltip({
  session,
  gradients,
  frames,
  model,
}: {
  session: Session;
  gradients: Gradients;
  frames: FlowFrames;
  model: FlowModel;
}) {
  const hover = gradients.hover.value;
  const layout = model.layout.value;
  const step = session.recordedStep.value;
  const frame = step === null ? null : frames.get(step);
  if (!hover || !layout || !frame) return null;
  const left = hover.x + GAP + WIDTH > window.innerWidth ? Math.max(0, hover.x - GAP - WIDTH) : hover.x + GAP;
  const top = Math.max(0, Math.min(hover.y + GAP, window.innerHeight - HEIGHT));
  const facts =
    hover.kind === "unit" ? factsOfUnit(layout, frame, hover.ref) : factsOfLink(layout, frame, hover);
  return (
    <div
      class="nm-tooltip"
      role="tooltip"
      aria-live="polite"
      data-testid="flow-tooltip"
      data-kind={hover.kind}
      style={{ left: `${left}px`, top: `${top}px` }}
    >
      <Facts facts={facts} />
      <p class="nm-muted nm-tooltip-hint">{hintOf(hover, layout, gradients.pinned.value)}</p>
    </div>
  );
}

type Frame = NonNullable<ReturnType<FlowFrames["get"]>>;

function factsOfUnit(layout: ColumnLayout, frame: Frame, ref: UnitRef): Fact[] {
  return unitFacts(frame, ref, hiddenUnits(layout, ref.layer));
}

function factsOfLink(layout: ColumnLayout, frame: Frame, { from, to }: FlowHover & { kind: "edge" }): Fact[] {
  const belongs = (ref: UnitRef) => {
    const hidden = ref.unit < 0 ? new Set(hiddenUnits(layout, ref.layer)) : null;
    return (unit: number) => (hidden ? hidden.has(unit) : unit === ref.unit);
  };
  return linkFacts(frame, from, to, {
    isFrom: belongs(from),
    isTo: belongs(to),
    sizeOf: (name) => layout.columns[layout.columnOf.get(name) ?? -1]?.nUnits ?? 0,
  });
}

/** The units that the last node of a column stands for. */
function hiddenUnits(layout: ColumnLayout, layer: string): number[] {
  const index = layout.columnOf.get(layer);
  if (index === undefined || layout.columns[index].nHidden === 0) return [];
  const { first, nNodes } = layout.columns[index];
  const rest = first + nNodes - 1;
  const hidden: number[] = [];
  layout.nodeOf[index].forEach((node, unit) => {
    if (node === rest) hidden.push(unit);
  });
  return hidden;
}

function hintOf(hover: FlowHover, layout: ColumnLayout, pinned: UnitRef | null): string {
  if (hover.kind === "edge" || hover.ref.layer === "") return "";
  const column = layout.columns[layout.columnOf.get(hover.ref.layer) ?? -1];
  if (hover.ref.unit < 0 && column) return `+ ${column.nHidden} more: click to unfold`;
  return sameUnit(hover.ref, pinned) ? "followed; click again to stop" : "click to follow it";
}

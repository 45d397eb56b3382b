import { trainStepAt } from "../../../session/axes";
import type { Store } from "../../../session/state";
import { stepOn } from "../state/actions";
import type { ScalarAxis } from "../types";
import type { Mark } from "./curves";

const LOSS = /loss/i;

/**
 * What is marked on a chart: the findings of the run on view, where they begin, and the epochs at which a block changed
 * abruptly. A finding about a scalar is marked on that scalar's chart, any other on those of losses.
 */
export function marksOf(store: Store, tag: string, axis: ScalarAxis | null): Mark[] {
  return [...findingMarks(store, tag, axis), ...abruptMarks(store, axis)];
}

function findingMarks(store: Store, tag: string, axis: ScalarAxis | null): Mark[] {
  const run = store.runName.value;
  const info = run === null ? undefined : store.scalars.index.value?.runs[run]?.[tag];
  if (!info) return [];
  return (store.scalars.findings.value?.findings ?? []).flatMap((finding, index) => {
    const own = finding.link.tag === tag;
    if (own ? info.axis !== axis : finding.link.tag !== null || !LOSS.test(tag)) return [];
    return finding.steps.slice(0, own ? undefined : 1).flatMap(([first]) => {
      const step = own ? first : stepOn(store, axis, first);
      if (step === null) return [];
      const label = String(index + 1);
      const onOpen = () => store.actions.findingOpened(finding);
      return [{ step, label, title: `${label}. ${finding.message}`, onOpen, kind: "finding" as const }];
    });
  });
}

function abruptMarks(store: Store, axis: ScalarAxis | null): Mark[] {
  const blocks = new Map<number, string[]>();
  for (const { block, quality } of store.projections.value)
    for (const { step, abrupt } of quality)
      if (abrupt) blocks.set(step, [...(blocks.get(step) ?? []), block]);
  return [...blocks].flatMap(([epoch, names]) => {
    const step =
      axis === "epoch" ? epoch : axis === "train_step" ? trainStepAt(store.axis.value, epoch) : null;
    if (step === null) return [];
    const title = `epoch ${epoch}: abrupt change of ${names.join(", ")}`;
    const onOpen = () => store.actions.stepChosen(epoch);
    return [{ step, label: "▲", title, onOpen, kind: "abrupt" as const }];
  });
}

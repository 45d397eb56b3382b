import { useEffect, useRef, useState } from "preact/hooks";
import { integer, scientific } from "../../../ui/format";
import type { Curve } from "../draw/curves";
import { smooth, valueAtStep } from "../state/smoothing";
import { LineSwatch } from "./swatch";

interface ReadoutProps {
  curves: readonly Curve[];
  smoothing: number;
  /** At the pointer or the cursor. */
  step: number | null;
  noun: string;
}

/**
 * The runs' values at a step; a line that is always there, so that nothing moves. A value without room is not cut but
 * counted at the line's end.
 */
export function Readout({ curves, smoothing, step, noun }: ReadoutProps) {
  const list = useRef<HTMLSpanElement>(null);
  const [nShown, setShown] = useState(curves.length);
  // What has no room wraps to lines that are not seen.
  const look = () => {
    const items = [...(list.current?.children ?? [])] as HTMLElement[];
    setShown(items.filter((item) => item.offsetTop === items[0].offsetTop).length);
  };
  useEffect(look);
  useEffect(() => {
    if (!list.current) return;
    const observer = new ResizeObserver(look);
    observer.observe(list.current);
    return () => observer.disconnect();
  }, []);
  const values =
    step === null ? [] : curves.map((curve) => ({ ...curve, ...wordsAt(curve, step, smoothing) }));
  const more = values.slice(nShown);
  return (
    <p class="nm-readout" data-testid="readout">
      {step !== null && (
        <span class="nm-muted">
          {noun} {integer(step)}
        </span>
      )}
      <span class="nm-readout-values" ref={list}>
        {values.map(({ run, color, dash, words, title }) => (
          <span key={run} title={title} data-testid="readout-value" data-run={run}>
            <LineSwatch color={color} dash={dash} />
            {words}
          </span>
        ))}
      </span>
      <span
        class="nm-readout-more"
        title={more.map(({ title }) => title).join("\n")}
        data-testid="readout-more"
      >
        {more.length > 0 && `+${integer(more.length)}`}
      </span>
    </p>
  );
}

/** Whether a run's last value is clearly before a step: further than two of its values are apart. */
export function hasEnded(steps: readonly number[], step: number): boolean {
  const last = steps[steps.length - 1];
  const apart = steps.length > 1 ? (last - steps[0]) / (steps.length - 1) : 0;
  return step > last + 2 * apart;
}

function wordsAt({ run, series }: Curve, step: number, smoothing: number): { words: string; title: string } {
  const value = valueAtStep(series.steps, series.values, step);
  const average = smoothing > 0 ? valueAtStep(series.steps, smooth(series.values, smoothing), step) : null;
  const last = hasEnded(series.steps, step) ? ` at ${integer(series.steps[series.steps.length - 1])}` : "";
  const words = value === null ? "–" : `${scientific(value)}${last}`;
  return { words, title: `${run}: ${words}${average === null ? "" : `, smoothed ${scientific(average)}`}` };
}

import { type LogEnds, logTicks, powerOfTen } from "../color/log_scale";

interface ScaleBarProps {
  /** What the colours mean, and the unit of the numbers. */
  title: string;
  ends: LogEnds | null;
  /** Rows of colours above one another, each with its name if there are several. */
  rows: readonly { label: string; colors: readonly string[] }[];
  testId: string;
}

/** A colour bar with a logarithmic scale below it. */
export function ScaleBar({ title, ends, rows, testId }: ScaleBarProps) {
  const [low, high] = ends ?? [1, 10];
  const ticks = ends ? logTicks(ends, 4) : [];
  return (
    <figure class="nm-scale-bar" data-testid={testId} data-low={ends?.[0]} data-high={ends?.[1]}>
      <figcaption>{title}</figcaption>
      {rows.map(({ label, colors }) => (
        <div key={label} class="nm-scale-row">
          <i style={{ background: `linear-gradient(to right, ${colors.join(", ")})` }} />
          {label && <span>{label}</span>}
        </div>
      ))}
      <div class="nm-scale-ticks">
        {ticks.map((tick) => (
          <span key={tick} style={{ left: `${(Math.log(tick / low) / Math.log(high / low)) * 100}%` }}>
            {powerOfTen(tick)}
          </span>
        ))}
        {!ends && <span style={{ left: 0 }}>no values yet</span>}
      </div>
    </figure>
  );
}

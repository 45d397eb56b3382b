/** A piece of a run's line, in its colour and dash. */
export function LineSwatch({ color, dash }: { color: string; dash: readonly number[] }) {
  return (
    <svg class="nm-swatch" width="16" height="8" aria-hidden="true" focusable="false">
      <path d="M0 4h16" stroke={color} stroke-width="2.5" stroke-dasharray={dash.join(" ")} />
    </svg>
  );
}

import type { Signal } from "@preact/signals";

interface RestEntryProps {
  /** How many are not among the first. */
  n: number;
  words: string;
  open: Signal<boolean>;
  testId: string;
}

/** The last entry of a list that begins short: shows the rest of it, or the first ones only. */
export function RestEntry({ n, words, open, testId }: RestEntryProps) {
  if (n <= 0) return null;
  return (
    <li>
      <button
        type="button"
        class="nm-button nm-muted"
        aria-expanded={open.value}
        data-testid={testId}
        onClick={() => {
          open.value = !open.value;
        }}
      >
        {open.value ? "fewer" : words}
      </button>
    </li>
  );
}

const PATHS = {
  play: "M4 2.5v11l9-5.5z",
  pause: "M4 2.5h3v11H4zM9 2.5h3v11H9z",
  previous: "M11.5 2.5v11L4 8z",
  next: "M4.5 2.5v11L12 8z",
  first: "M3 2.5h2v11H3zM13 2.5v11L5.5 8z",
  last: "M11 2.5h2v11h-2zM3 2.5v11L10.5 8z",
  loop: "M3 7a5 5 0 0 1 8.7-2.3L13.5 3v4.5H9l1.8-1.8A3.4 3.4 0 0 0 4.7 7zM13 9a5 5 0 0 1-8.7 2.3L2.5 13V8.500H7l-1.800 1.800A3.400 3.400 0 0 0 11.300 9z",
  fit: "M2.500 2.500H6V4H4v2H2.500zM10 2.500h3.500V6H12V4h-2zM2.500 10H4v2h2v1.500H2.500zM12 10h1.500v3.500H10V12h2z",
  link: "M6.500 4.500h-2a3.500 3.500 0 0 0 0 7h2V10h-2a2 2 0 0 1 0-4h2zM9.500 4.500h2a3.500 3.500 0 0 1 0 7h-2V10h2a2 2 0 0 0 0-4h-2zM5.500 7.250h5v1.500h-5z",
  rotate:
    "M8 2.500V.500L4.500 3.500 8 6.500v-2a3.900 3.900 0 1 1-3.900 3.900H2.200A5.800 5.800 0 1 0 8 2.500z",
  mirror: "M7.300 1.500h1.400v13H7.300zM6 4v8H1zM10 4v8h5z",
  enlarge:
    "M9 2h5v5h-1.600V4.700L9.600 7.500 8.500 6.400l2.800-2.800H9zM7 14H2V9h1.600v2.300l2.800-2.800 1.100 1.100-2.800 2.800H7z",
  shrink:
    "M14 3.100l-2.800 2.800H13.500V7.500h-5v-5h1.600v2.300L12.900 2zM2 12.900l2.800-2.800H2.500V8.500h5v5H5.900v-2.300L3.100 14z",
  lasso:
    "M8 2C4.400 2 1.500 3.900 1.500 6.500c0 1.300.8 2.500 2 3.300-.1 1.300-.4 2.300-1.200 3.400l1.200.9c.9-1.100 1.400-2.300 1.500-3.600.9.3 1.900.5 3 .5 3.600 0 6.500-1.900 6.500-4.500S11.600 2 8 2zm0 1.500c2.900 0 5 1.400 5 3s-2.100 3-5 3-5-1.400-5-3 2.100-3 5-3z",
  box: "M2 2h3v1.500H3.500V5H2zM6.500 2h3v1.500h-3zM11 2h3v3h-1.500V3.500H11zM2 6.500h1.500v3H2zM12.500 6.500H14v3h-1.500zM2 11h1.500v1.500H5V14H2zM6.500 12.500h3V14h-3zM12.500 11H14v3h-3v-1.500h1.500z",
  pan: "M8 .8l2.300 2.700H8.800v3.700h3.700V5.700L15.200 8l-2.700 2.300V8.800H8.800v3.700h1.500L8 15.200l-2.300-2.700h1.500V8.800H3.500v1.500L.8 8l2.700-2.300v1.500h3.700V3.500H5.700z",
  up: "M8 3.500l5 6.500H3z",
  down: "M8 12.500L3 6h10z",
  close: "M4 3l4 4 4-4 1 1-4 4 4 4-1 1-4-4-4 4-1-1 4-4-4-4z",
};

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="nm-icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} fill="currentColor" />
    </svg>
  );
}

interface IconButtonProps {
  icon: IconName;
  label: string;
  onClick: () => void;
  disabled?: boolean;
  /** For a button that stays down. */
  pressed?: boolean;
  testId?: string;
}

/** A button that shows a picture and says its name to screen readers and in its tooltip. */
export function IconButton({ icon, label, onClick, disabled, pressed, testId }: IconButtonProps) {
  return (
    <button
      type="button"
      class="nm-button nm-icon-button"
      aria-label={label}
      title={label}
      aria-pressed={pressed}
      disabled={disabled}
      onClick={onClick}
      data-testid={testId}
    >
      <Icon name={icon} />
    </button>
  );
}

import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";

interface MenuProps {
  /** What the button says. */
  label: string;
  testId: string;
  children: ComponentChildren;
}

/** Which edges of button and sheet are in line. */
type Side = "left" | "right";

/** A sheet is wider than its button, and must not reach out of the window. */
function sideFor({ left, right }: DOMRect): Side {
  return (left + right) / 2 < window.innerWidth / 2 ? "left" : "right";
}

/** A button that opens a small sheet below itself; Escape or a click elsewhere closes it. */
export function Menu({ label, testId, children }: MenuProps) {
  const [open, setOpen] = useState(false);
  const [side, setSide] = useState<Side>("right");
  const root = useRef<HTMLDivElement>(null);
  const id = useId();
  useEffect(() => {
    if (!open) return;
    const onPointer = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", onPointer);
    return () => document.removeEventListener("pointerdown", onPointer);
  }, [open]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || !open) return;
    event.stopPropagation();
    setOpen(false);
    root.current?.querySelector("button")?.focus();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape bubbles up from the sheet's own controls
    <div class="nm-menu" ref={root} onKeyDown={onKeyDown}>
      <button
        type="button"
        class="nm-button nm-menu-button"
        aria-expanded={open}
        aria-controls={id}
        data-testid={testId}
        onClick={(event) => {
          setSide(sideFor(event.currentTarget.getBoundingClientRect()));
          setOpen(!open);
        }}
      >
        {label}
      </button>
      {open && (
        <div class="nm-sheet" data-side={side} id={id} data-testid={`${testId}-sheet`}>
          {children}
        </div>
      )}
    </div>
  );
}

import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";

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
  // At once, so that a key that follows at once is heard.
  useLayoutEffect(() => {
    if (!open) return;
    const onPointer = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    const onKey = (event: KeyboardEvent) => {
      // A control that had the focus may be gone: then the key comes from the body.
      const isOurs = event.target === document.body || root.current?.contains(event.target as Node);
      if (event.key !== "Escape" || !isOurs) return;
      event.stopPropagation();
      setOpen(false);
      root.current?.querySelector("button")?.focus();
    };
    document.addEventListener("pointerdown", onPointer);
    document.addEventListener("keydown", onKey, true);
    return () => {
      document.removeEventListener("pointerdown", onPointer);
      document.removeEventListener("keydown", onKey, true);
    };
  }, [open]);
  return (
    <div class="nm-menu" ref={root}>
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

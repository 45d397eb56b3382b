import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";

interface MenuProps {
  /** What the button says. */
  label: string;
  /** Whether something in it is not at its default. */
  changed?: boolean;
  /** The sheet is at the window's edge, so that the views stay in sight. */
  aside?: boolean;
  testId: string;
  children: ComponentChildren;
}

/** Which edges of button and sheet are in line. */
type Side = "left" | "right" | { top: number };

/** A sheet is wider than its button, and must not reach out of the window. */
function sideFor({ left, right }: DOMRect): "left" | "right" {
  return (left + right) / 2 < window.innerWidth / 2 ? "left" : "right";
}

/** A button that opens a small sheet below itself; Escape, a click elsewhere or on what ends it closes it. */
export function Menu({ label, changed, aside = false, testId, children }: MenuProps) {
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
    const onClick = (event: Event) => {
      const target = event.target as Element;
      if (root.current?.contains(target) && target.closest("[data-ends]")) setOpen(false);
    };
    document.addEventListener("pointerdown", onPointer);
    document.addEventListener("click", onClick);
    document.addEventListener("keydown", onKey, true);
    return () => {
      document.removeEventListener("pointerdown", onPointer);
      document.removeEventListener("click", onClick);
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
        data-changed={changed}
        data-testid={testId}
        onClick={(event) => {
          const rect = event.currentTarget.getBoundingClientRect();
          setSide(aside ? { top: rect.bottom } : sideFor(rect));
          setOpen(!open);
        }}
      >
        {label}
      </button>
      {open && (
        <div
          class="nm-sheet"
          data-side={typeof side === "string" ? side : "aside"}
          style={typeof side === "string" ? undefined : { top: `${side.top}px` }}
          id={id}
          data-testid={`${testId}-sheet`}
        >
          {children}
        </div>
      )}
    </div>
  );
}

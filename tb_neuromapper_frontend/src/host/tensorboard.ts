import type { Theme } from "../color/palette";

/**
 * What the page knows of the TensorBoard around it. Every look at the parent is guarded: in Jupyter or Colab it may be
 * of another origin, and opened by itself the page has no parent.
 */
const TAB = "neuromapper";
const PREFIX = `p.${TAB}.`;

function hostWindow(): Window | null {
  // An exported page may be a frame in any page, which is none of its business.
  if (window.neuromapperSite) return null;
  try {
    // Touching the location throws if the parent is of another origin.
    return window.parent !== window && window.parent.location.href ? window.parent : null;
  } catch {
    return null;
  }
}

/** Calls back with the theme now and whenever it changes. */
export function watchTheme(onTheme: (theme: Theme) => void): () => void {
  const body = hostWindow()?.document.body;
  if (!body) return watchSystemTheme(onTheme);
  const tell = () => onTheme(body.classList.contains("dark-mode") ? "dark" : "light");
  const observer = new MutationObserver(tell);
  observer.observe(body, { attributes: true, attributeFilter: ["class"] });
  tell();
  return () => observer.disconnect();
}

function watchSystemTheme(onTheme: (theme: Theme) => void): () => void {
  const query = window.matchMedia("(prefers-color-scheme: dark)");
  const tell = () => onTheme(query.matches ? "dark" : "light");
  query.addEventListener("change", tell);
  tell();
  return () => query.removeEventListener("change", tell);
}

/** A hidden tab is an iframe of height 0 whose visibilityState is still "visible". */
export function isVisible(): boolean {
  return document.visibilityState === "visible" && window.innerHeight > 0 && window.innerWidth > 0;
}

/** The plugin's part of TensorBoard's address: `#neuromapper&p.neuromapper.KEY=VALUE`. */
export function readUrlParams(): Record<string, string> {
  return paramsOfHash((hostWindow() ?? window).location.hash);
}

export function paramsOfHash(hash: string): Record<string, string> {
  const params: Record<string, string> = {};
  for (const part of hash.replace(/^#/, "").split("&")) {
    const [key, value] = part.split("=");
    const name = decode(key);
    if (value !== undefined && name.startsWith(PREFIX)) params[name.slice(PREFIX.length)] = decode(value);
  }
  return params;
}

/** `hash` with our parameters replaced; null if another tab is the open one. */
export function hashWithParams(hash: string, params: Record<string, string>): string | null {
  const parts = hash.replace(/^#/, "").split("&").filter(Boolean);
  const tab = parts.find((part) => !part.includes("="));
  if (tab !== undefined && decode(tab) !== TAB) return null;
  const others = parts.filter((part) => part.includes("=") && !decode(part.split("=")[0]).startsWith(PREFIX));
  const ours = Object.entries(params).map(
    ([key, value]) => `${encodeURIComponent(PREFIX + key)}=${encodeURIComponent(value)}`,
  );
  return `#${[TAB, ...others, ...ours].join("&")}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Replaces our part of the address, without a new entry in the history. */
export function writeUrlParams(params: Record<string, string>): void {
  const target = hostWindow() ?? window;
  const hash = hashWithParams(target.location.hash, params);
  if (hash === null || hash === target.location.hash) return;
  const { pathname, search } = target.location;
  target.history.replaceState(target.history.state, "", `${pathname}${search}${hash}`);
}

/** Calls back when somebody edits the address by hand or follows a link into this tab. */
export function watchUrl(onChange: (params: Record<string, string>) => void): () => void {
  const target = hostWindow() ?? window;
  const tell = () => {
    if (hashWithParams(target.location.hash, {}) !== null) onChange(readUrlParams());
  };
  target.addEventListener("hashchange", tell);
  return () => target.removeEventListener("hashchange", tell);
}

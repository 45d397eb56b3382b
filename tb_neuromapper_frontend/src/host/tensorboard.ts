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

type UrlParams = Record<string, string>;

/** The window whose address is read and written. */
type AddressWindow = Pick<Window, "location" | "history" | "addEventListener" | "removeEventListener">;

/** The plugin's part of TensorBoard's address: `#neuromapper&p.neuromapper.KEY=VALUE`. */
export interface Address {
  read(): UrlParams;
  /**
   * Replaces our part of the address, without a new entry in the history.
   * @returns false if somebody has changed the address since it was last read or written: `hashchange`, which reports
   * a new link, may still be on its way, and writing now would lose the link. The next call writes.
   */
  write(params: UrlParams): boolean;
  /** Calls back when somebody edits the address by hand or follows a link into this tab. */
  watch(onChange: (params: UrlParams) => void): () => void;
}

export function createAddress(target: AddressWindow = hostWindow() ?? window): Address {
  let knownHash = target.location.hash;
  const read = () => {
    knownHash = target.location.hash;
    return paramsOfHash(knownHash);
  };
  const write = (params: UrlParams) => {
    const { pathname, search, hash: currentHash } = target.location;
    const hash = hashWithParams(currentHash, params);
    if (hash === null || hash === currentHash) return true;
    if (currentHash !== knownHash) {
      knownHash = currentHash;
      return false;
    }
    target.history.replaceState(target.history.state, "", `${pathname}${search}${hash}`);
    knownHash = target.location.hash;
    return true;
  };
  const watch = (onChange: (params: UrlParams) => void) => {
    const tell = () => {
      if (hashWithParams(target.location.hash, {}) !== null) onChange(read());
    };
    target.addEventListener("hashchange", tell);
    return () => target.removeEventListener("hashchange", tell);
  };
  return { read, write, watch };
}

export function paramsOfHash(hash: string): UrlParams {
  const params: UrlParams = {};
  for (const part of hash.replace(/^#/, "").split("&")) {
    const [key, value] = part.split("=");
    const name = decode(key);
    if (value !== undefined && name.startsWith(PREFIX)) params[name.slice(PREFIX.length)] = decode(value);
  }
  return params;
}

/** `hash` with our parameters replaced; null if another tab is the open one. */
export function hashWithParams(hash: string, params: UrlParams): string | null {
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

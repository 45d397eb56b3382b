/** What a text says in JSON; null if it is none. */
export function fromJson(text: string | undefined): unknown {
  try {
    return text === undefined ? null : (JSON.parse(text) as unknown);
  } catch {
    return null;
  }
}

/** Names may hold any character, so each is escaped on its own. */
export function toList(parts: readonly string[]): string {
  return parts.map((part) => encodeURIComponent(part)).join(",");
}

export function fromList(text: string | undefined): string[] {
  if (!text) return [];
  try {
    return text.split(",").map(decodeURIComponent).filter(Boolean);
  } catch {
    return [];
  }
}

/** Long enough for the browser to have begun reading. */
const KEEP_MS = 60_000;

/** Offers a file to the reader's browser. */
export function download(name: string, blob: Blob): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), KEEP_MS);
}

/** A file's name out of words: letters, digits, dots and dashes of any script stay. */
export function fileName(parts: readonly (string | number | null)[], extension: string): string {
  const words = parts.filter((part) => part !== null && part !== "").map(String);
  const safe = words.map((word) => word.replace(/[^\p{L}\p{N}.-]+/gu, "-").replace(/^[-.]+|[-.]+$/g, ""));
  return `${safe.filter(Boolean).join("_") || "neuromapper"}.${extension}`;
}

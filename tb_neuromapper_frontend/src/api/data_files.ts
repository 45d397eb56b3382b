import { ApiError } from "./errors";

/**
 * The data files beside an exported page. They are scripts that hand over their bytes as base64, because a page that was
 * opened from disk may load scripts and pictures, but may not fetch.
 */
export interface DataFiles {
  /** @throws ApiError of kind "refused": the file is missing or cut off. */
  read(name: string): Promise<ArrayBuffer>;
  /** The address of a file that the browser loads by itself. */
  url(name: string): string;
}

declare global {
  interface Window {
    /** Called by each data file. */
    neuromapperFile?: (name: string, base64: string) => void;
  }
}

export function createDataFiles(digest: string): DataFiles {
  const arrived = new Map<string, string>();
  const underWay = new Map<string, Promise<ArrayBuffer>>();
  window.neuromapperFile = (name, base64) => arrived.set(name, base64);
  const url = (name: string) => new URL(`data/${name}?v=${digest}`, document.baseURI).href;

  const load = (name: string) =>
    new Promise<ArrayBuffer>((resolve, reject) => {
      const script = document.createElement("script");
      const end = () => {
        script.remove();
        underWay.delete(name);
        const base64 = arrived.get(name);
        arrived.delete(name);
        if (base64 === undefined) reject(new ApiError("refused", missingText(name)));
        else resolve(fromBase64(base64));
      };
      script.onload = end;
      script.onerror = end;
      script.src = url(`${name}.js`);
      document.head.append(script);
    });
  return {
    url,
    read(name) {
      const loading = underWay.get(name) ?? load(name);
      underWay.set(name, loading);
      return loading;
    },
  };
}

function missingText(name: string): string {
  return `The file data/${name}.js of this exported page is missing or damaged; copy the whole folder again.`;
}

function fromBase64(text: string): ArrayBuffer {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
  return bytes.buffer;
}

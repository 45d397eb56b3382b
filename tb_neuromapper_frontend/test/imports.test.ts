import { expect, it } from "vitest";

/**
 * A file may import its own entry's files and those of the rows below; the entries of a row do not import each other.
 * `screens/*` stands for every folder of screens/. The first entry that matches a file is its own.
 */
const LAYERS: readonly (readonly string[])[] = [
  ["index.tsx"],
  ["app.tsx", "keys.ts", "inspect.ts"],
  ["screens/registry.ts"],
  ["screens/*", "findings"],
  ["save"],
  ["shell"],
  ["session"],
  ["ui", "density", "host"],
  ["render/scatter", "render/flow"],
  ["render"],
  ["color", "api", "lru_cache.ts"],
];

interface Import {
  from: string;
  to: string;
}

const SOURCES = import.meta.glob<string>("../src/**/*.{ts,tsx}", {
  query: "?raw",
  import: "default",
  eager: true,
});

it("a file imports only what lies below it, and no screen imports another", () => {
  const all = readImports();
  expect(all.length).toBeGreaterThan(500);
  expect(all.filter(({ from, to }) => !isAllowed(placeOf(from), placeOf(to)))).toEqual([]);
});

it("there is no circle of imports, types included", () => {
  expect(circles(readImports())).toEqual([]);
});

it("the rules find what breaks them", () => {
  const at = (from: string, to: string) => isAllowed(placeOf(from), placeOf(to));
  expect(at("screens/scalars/index.tsx", "screens/gradients/types.ts")).toBe(false);
  expect(at("session/run.ts", "screens/registry.ts")).toBe(false);
  expect(at("screens/scalars/index.tsx", "session/run.ts")).toBe(true);
  expect(() => placeOf("nowhere/file.ts")).toThrow("nowhere/file.ts");
  const loop = [
    { from: "a", to: "b" },
    { from: "b", to: "c" },
    { from: "c", to: "b" },
  ];
  expect(circles(loop)).toEqual(["b -> c -> b"]);
});

/** Every import of one of our files by another, types included. */
function readImports(): Import[] {
  const files = new Set(Object.keys(SOURCES).map((path) => path.replace("../src/", "")));
  return Object.entries(SOURCES).flatMap(([path, text]) => {
    const from = path.replace("../src/", "");
    const specs = [...text.matchAll(/\b(?:from|import)\s*\(?\s*"(\.[^"]*)"/g)];
    return specs.flatMap(([, spec]) => {
      const to = resolve(from, spec, files);
      return to === null ? [] : [{ from, to }];
    });
  });
}

/** Null for a style sheet. */
function resolve(from: string, spec: string, files: ReadonlySet<string>): string | null {
  if (spec.includes(".css")) return null;
  const parts = from.split("/").slice(0, -1);
  for (const part of spec.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  const base = parts.join("/");
  const candidates = [`${base}.ts`, `${base}.tsx`, `${base}/index.ts`, `${base}/index.tsx`];
  const found = candidates.find((each) => files.has(each));
  if (found === undefined) throw new Error(`${from} imports ${spec}, which is no file.`);
  return found;
}

/** The row of a file, and its entry: a folder or a file. */
function placeOf(file: string): { row: number; entry: string } {
  for (const [row, entries] of LAYERS.entries()) {
    for (const entry of entries) {
      const pattern = new RegExp(`^${entry.replace(".", "\\.").replace("*", "[^/]+")}(?=/|$)`);
      const match = pattern.exec(file);
      if (match) return { row, entry: match[0] };
    }
  }
  throw new Error(`${file} has no place in the table of layers.`);
}

function isAllowed(from: ReturnType<typeof placeOf>, to: ReturnType<typeof placeOf>): boolean {
  return from.row < to.row || from.entry === to.entry;
}

/** The first circle from each file that is part of one, each circle once. */
function circles(imports: readonly Import[]): string[] {
  const targets = new Map<string, string[]>();
  for (const { from, to } of imports) targets.set(from, [...(targets.get(from) ?? []), to]);
  const found = new Set<string>();
  const done = new Set<string>();
  const visit = (file: string, way: readonly string[]) => {
    const start = way.indexOf(file);
    if (start >= 0) found.add([...way.slice(start), file].join(" -> "));
    if (start >= 0 || done.has(file)) return;
    for (const next of targets.get(file) ?? []) visit(next, [...way, file]);
    done.add(file);
  };
  for (const file of targets.keys()) visit(file, []);
  return [...found];
}

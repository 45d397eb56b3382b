import { describe, expect, it } from "vitest";

/** File by file, as paths below src/. */
type Files = Readonly<Record<string, string>>;

const SHEETS = belowSrc(
  import.meta.glob<string>("../src/**/*.css", { query: "?raw", import: "default", eager: true }),
);
const SOURCES = belowSrc(
  import.meta.glob<string>("../src/**/*.{ts,tsx}", { query: "?raw", import: "default", eager: true }),
);

/** The classes that a template stands for. */
const CONSTRUCTED: Readonly<Record<string, readonly string[]>> = {
  "nm-${measure}": ["nm-trustworthiness", "nm-preservation", "nm-movement"],
};

/** Classes that need no rule. */
const PLAIN = ["screens/embeddings: nm-selection-body"];

/** Whose rules may apply to the classes that an owner's code uses, beside its own. */
const SHARED: Readonly<Record<string, readonly string[]>> = { ui: [], shell: ["ui"] };
const ALL_SHARED = ["shell", "ui"];

describe("the style sheets", () => {
  it("of screens and panels apply to nothing but their own elements", () => {
    expect(rulesOf(SHEETS).length).toBeGreaterThan(300);
    expect(strayRules(SHEETS, SOURCES)).toEqual([]);
  });

  it("that screens share hold nothing that only one of them uses", () => {
    expect(notShared(SHEETS, SOURCES)).toEqual([]);
  });

  it("have a rule for every class in the code", () => {
    expect(usesOf(SOURCES).size).toBeGreaterThan(150);
    expect(withoutRule(SHEETS, SOURCES)).toEqual(PLAIN);
  });

  it("are all part of the page", () => {
    expect(Object.keys(SHEETS).filter((path) => !isImported(path, SOURCES))).toEqual([]);
  });
});

describe("the rules about style sheets", () => {
  const sources = {
    "ui/menu.tsx": '<p class="nm-menu" />',
    "screens/a/index.tsx": '<p class={isOn ? "nm-a nm-both" : f({ on }, "nm-a-off")} id="nm-id" />',
    "screens/b/parts/b.tsx": '<p class="nm-b nm-both" />',
  };

  it("find a rule that reaches another screen", () => {
    const sheets = {
      "ui/style.css": ".nm-menu { color: red; }",
      "screens/a/style.css": ".nm-a > .nm-menu, .nm-menu { margin: 0; } .nm-a-off .nm-b { margin: 0; }",
      "screens/b/style.css": "@media (width < 1px) { .nm-both { margin: 0; } } .nm-id p {}",
    };
    expect(strayRules(sheets, sources)).toEqual([
      "screens/a/style.css: .nm-menu",
      "screens/a/style.css: .nm-a-off .nm-b",
      "screens/b/style.css: .nm-both",
      "screens/b/style.css: .nm-id p",
    ]);
  });

  it("find a shared rule that is one screen's, and a class without a rule", () => {
    const sheets = {
      "shell/style.css": ".nm-both p {} .nm-b {}",
      "screens/a/style.css": "/* .nm-a-off */ .nm-a:not(.nm-menu) {}",
    };
    expect(notShared(sheets, sources)).toEqual(["shell/style.css: .nm-b"]);
    expect(withoutRule(sheets, sources)).toEqual(["screens/a: nm-a-off", "ui: nm-menu"]);
  });

  it("know which classes a template may give", () => {
    const measures = { "screens/a/index.tsx": "<p class={`nm-a nm-$" + "{measure}`} />" };
    expect([...usesOf(measures).keys()]).toContain("nm-movement");
    const unknown = { "screens/a/index.tsx": "<p class={`nm-$" + "{what}`} />" };
    expect(() => usesOf(unknown)).toThrow("what");
  });

  it("find a sheet that no index.tsx imports", () => {
    const index = { "screens/a/index.tsx": 'import css from "./style.css?inline";' };
    expect(isImported("screens/a/style.css", index)).toBe(true);
    expect(isImported("screens/b/style.css", index)).toBe(false);
  });
});

function belowSrc(files: Files): Files {
  return Object.fromEntries(Object.entries(files).map(([path, text]) => [path.replace("../src/", ""), text]));
}

/** A folder of src/ or of screens/; "page" for the files of src/ itself. */
function ownerOf(path: string): string {
  const folders = path.split("/").slice(0, -1);
  return folders.slice(0, folders[0] === "screens" ? 2 : 1).join("/") || "page";
}

/** Every class of ours in the code, with the owners of the files that use it. */
function usesOf(sources: Files): Map<string, Set<string>> {
  const uses = new Map<string, Set<string>>();
  for (const [path, text] of Object.entries(sources)) {
    for (const [value] of text.matchAll(/\bclass(?:Name)?\s*=\s*("[^"]*"|\{(?:[^{}]|\{[^{}]*\})*\})/g)) {
      for (const name of namesIn(value)) uses.set(name, (uses.get(name) ?? new Set()).add(ownerOf(path)));
    }
  }
  return uses;
}

function namesIn(value: string): string[] {
  return [...value.matchAll(/\bnm(?:-[a-z0-9]+)*(?:-\$\{[^}]*\})?(?![\w-])/g)].flatMap(([name]) => {
    if (!name.includes("$")) return [name];
    if (!CONSTRUCTED[name]) throw new Error(`The classes that ${name} stands for are not listed.`);
    return [...CONSTRUCTED[name]];
  });
}

interface Rule {
  path: string;
  selector: string;
  classes: string[];
}

function rulesOf(sheets: Files): Rule[] {
  return Object.entries(sheets).flatMap(([path, text]) =>
    [...text.replace(/\/\*.*?\*\//gs, "").matchAll(/([^{};]+)\{/g)]
      .filter(([, selectors]) => !selectors.trim().startsWith("@"))
      .flatMap(([, selectors]) => selectors.split(/,(?![^(]*\))/))
      .map((selector) => ({ path, selector: selector.trim(), classes: classesOf(selector) })),
  );
}

function classesOf(selector: string): string[] {
  return [...selector.matchAll(/\.(nm[a-z0-9-]*)/g)].map(([, name]) => name);
}

/** The classes that have a rule in the sheets of an owner. */
function styledBy(owner: string, rules: readonly Rule[]): Set<string> {
  return new Set(rules.filter(({ path }) => ownerOf(path) === owner).flatMap(({ classes }) => classes));
}

/** Selectors of a screen or a panel without a class that it alone uses, or with one that is another's. */
function strayRules(sheets: Files, sources: Files): string[] {
  const uses = usesOf(sources);
  const rules = rulesOf(sheets);
  const shared = new Set(ALL_SHARED.flatMap((owner) => [...styledBy(owner, rules)]));
  const isStray = ({ path, classes }: Rule) => {
    const owner = ownerOf(path);
    if (ALL_SHARED.includes(owner)) return false;
    const isUsed = (name: string) => uses.get(name)?.has(owner) ?? false;
    const isOwn = (name: string) => isUsed(name) && uses.get(name)?.size === 1;
    return !classes.some(isOwn) || !classes.every((name) => isUsed(name) || shared.has(name));
  };
  return rules.filter(isStray).map(({ path, selector }) => `${path}: ${selector}`);
}

/** Selectors of shell or ui with a class that neither they nor the page nor two screens use. */
function notShared(sheets: Files, sources: Files): string[] {
  const uses = usesOf(sources);
  const isShared = (name: string) => {
    const owners = [...(uses.get(name) ?? [])];
    return owners.length > 1 || owners.some((owner) => owner === "page" || ALL_SHARED.includes(owner));
  };
  return rulesOf(sheets)
    .filter(({ path, classes }) => ALL_SHARED.includes(ownerOf(path)) && !classes.every(isShared))
    .map(({ path, selector }) => `${path}: ${selector}`);
}

/** Classes in the code that no rule of their owner, or of those it may build on, is about. */
function withoutRule(sheets: Files, sources: Files): string[] {
  const rules = rulesOf(sheets);
  const missing = [...usesOf(sources)].flatMap(([name, owners]) =>
    [...owners]
      .filter(
        (owner) => ![owner, ...(SHARED[owner] ?? ALL_SHARED)].some((each) => styledBy(each, rules).has(name)),
      )
      .map((owner) => `${owner}: ${name}`),
  );
  return missing.sort();
}

/** By the index.tsx of its folder, or by the page's. */
function isImported(path: string, sources: Files): boolean {
  const owner = ownerOf(path);
  const index = ALL_SHARED.includes(owner) ? "" : `${owner}/`;
  return sources[`${index}index.tsx`]?.includes(`"./${path.replace(index, "")}?inline"`) ?? false;
}

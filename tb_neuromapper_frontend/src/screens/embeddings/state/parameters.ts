import type { Parameters, Projection } from "../types";

/** A parameter of the layout that is a number. */
export interface NumberSpec {
  name: "n_neighbors" | "min_dist" | "alignment" | "window" | "seed";
  label: string;
  title: string;
  min: number;
  max: number;
  step: number;
  fallback: number;
}

export const NUMBER_SPECS: readonly NumberSpec[] = [
  {
    name: "n_neighbors",
    label: "neighbours",
    title: "Size of a sample's neighbourhood: small shows detail, large the whole",
    min: 2,
    max: 200,
    step: 1,
    fallback: 15,
  },
  {
    name: "min_dist",
    label: "smallest distance",
    title: "How near points may come to each other: small packs clusters tightly",
    min: 0,
    max: 1,
    step: 0.05,
    fallback: 0.1,
  },
  {
    name: "alignment",
    label: "alignment",
    title: "How strongly a sample is held at its place in the epochs before and after",
    min: 0,
    max: 10,
    step: 0.005,
    fallback: 0.01,
  },
  {
    name: "window",
    label: "window, epochs",
    title: "How many epochs on either side hold a sample",
    min: 1,
    max: 20,
    step: 1,
    fallback: 3,
  },
  {
    name: "seed",
    label: "seed",
    title: "Same seed, same layout",
    min: 0,
    max: 2 ** 31 - 1,
    step: 1,
    fallback: 0,
  },
];

export const CHOICES = {
  metric: ["euclidean", "cosine", "correlation", "manhattan"],
  engine: ["neuromapper", "umap-learn"],
} as const;

/** What is set, by block; `ALL` holds for every block without its own. */
export type LayoutSettings = Readonly<Record<string, Parameters>>;
export const ALL = "";

export function parametersFor(settings: LayoutSettings, block: string): Parameters {
  return withoutDefaults({ ...settings[ALL], ...settings[block] });
}

/** The blocks that share their parameters are asked for together. */
export function groupByParameters(settings: LayoutSettings, blocks: readonly string[]) {
  const groups = new Map<string, { blocks: string[]; parameters: Parameters }>();
  for (const block of blocks) {
    const parameters = parametersFor(settings, block);
    const key = keyOf(parameters);
    const group = groups.get(key) ?? { blocks: [], parameters };
    group.blocks.push(block);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** Two settings with the same key give the same layout. */
export function keyOf(parameters: Parameters): string {
  return toText(withoutDefaults(parameters)) || "default";
}

export function withoutDefaults(parameters: Parameters): Parameters {
  const fallbacks: Record<string, number | string> = { metric: "euclidean", engine: "neuromapper" };
  for (const { name, fallback } of NUMBER_SPECS) fallbacks[name] = fallback;
  const kept = Object.entries(parameters).filter(([name, value]) => value !== fallbacks[name]);
  return Object.fromEntries(kept.sort(([a], [b]) => a.localeCompare(b))) as Parameters;
}

/** For links: "n_neighbors:30 metric:cosine". */
export function toText(parameters: Parameters): string {
  return Object.entries(parameters)
    .map(([name, value]) => `${name}:${value}`)
    .join(" ");
}

/** In the words of the form: "neighbours 30, metric cosine". */
export function settingText(parameters: Parameters): string {
  const own = withoutDefaults(parameters);
  const choices = (["metric", "engine"] as const).map((name) => ({ name, label: name }));
  const given = [...NUMBER_SPECS, ...choices].filter(({ name }) => own[name] !== undefined);
  return given.map(({ name, label }) => `${label} ${own[name]}`).join(", ") || "defaults";
}

/** Reads what `toText` wrote; what is not allowed is left out. */
export function fromText(text: string): Parameters {
  const parameters: Record<string, number | string> = {};
  for (const part of text.split(" ")) {
    const [name, value] = part.split(":");
    const spec = NUMBER_SPECS.find((each) => each.name === name);
    const number = Number(value);
    if (spec && value && isAllowed(spec, number)) parameters[name] = number;
    if (name === "metric" || name === "engine") {
      const choice = CHOICES[name].find((each) => each === value);
      if (choice) parameters[name] = choice;
    }
  }
  return parameters as Parameters;
}

export function isAllowed({ min, max, step }: NumberSpec, value: number): boolean {
  return Number.isFinite(value) && value >= min && value <= max && (step < 1 || Number.isInteger(value));
}

/** How good a layout is: means over the epochs. */
export interface Figures {
  trustworthiness: number | null;
  preservation: number | null;
  movement: number | null;
}

export function figuresOf({ quality }: Projection): Figures {
  const mean = (values: (number | null)[]) => {
    const known = values.filter((value) => value !== null);
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
  };
  return {
    trustworthiness: mean(quality.map((each) => each.trustworthiness)),
    preservation: mean(quality.map((each) => each.preservation)),
    movement: mean(quality.map((each) => each.movement)),
  };
}

/** A row of the overview: a layer, or a module with what is folded into it. */
export interface TreeRow {
  /** The dotted name of the layer or module. */
  path: string;
  /** What of the name is not in the parent's. */
  label: string;
  depth: number;
  /** The layers (indices into the names) that the row stands for: one, or all of a folded module. */
  layers: number[];
  /** A module; its layers have rows of their own if it is not folded. */
  isGroup: boolean;
  folded: boolean;
}

interface Branch {
  path: string;
  label: string;
  layer: number | null;
  children: Map<string, Branch>;
}

/**
 * The rows of the network's hierarchy, from dotted module names in the order of the layers. A module with a single
 * child is one row with it ("0.conv1"). A folded module is one row; an unfolded one a heading above its layers.
 */
export function treeRows(names: readonly string[], folded: ReadonlySet<string>): TreeRow[] {
  const root: Branch = { path: "", label: "", layer: null, children: new Map() };
  names.forEach((name, layer) => {
    let at = root;
    for (const part of name.split(".")) {
      const path = at.path === "" ? part : `${at.path}.${part}`;
      const next = at.children.get(part) ?? { path, label: part, layer: null, children: new Map() };
      at.children.set(part, next);
      at = next;
    }
    at.layer = layer;
  });
  const rows: TreeRow[] = [];
  for (const child of root.children.values()) addRows(rows, child, 0, folded);
  return rows;
}

/** The paths of all modules that can be folded. */
export function groupPaths(names: readonly string[]): string[] {
  return treeRows(names, new Set())
    .filter((row) => row.isGroup)
    .map((row) => row.path);
}

/** The row that stands for a layer: its own, or that of the module into which it is folded; -1 without any. */
export function rowOfLayer(rows: readonly TreeRow[], layer: number): number {
  return rows.findIndex((row) => (!row.isGroup || row.folded) && row.layers.includes(layer));
}

function addRows(rows: TreeRow[], branch: Branch, depth: number, folded: ReadonlySet<string>): void {
  let { label } = branch;
  let at = branch;
  while (at.layer === null && at.children.size === 1) {
    [at] = at.children.values();
    label = `${label}.${at.label}`;
  }
  const layers = layersOf(at);
  if (at.children.size === 0) {
    rows.push({ path: at.path, label, depth, layers, isGroup: false, folded: false });
    return;
  }
  const isFolded = folded.has(at.path);
  rows.push({ path: at.path, label, depth, layers, isGroup: true, folded: isFolded });
  if (isFolded) return;
  // A module that is itself a recorded layer has a row among its parts.
  if (at.layer !== null)
    rows.push({
      path: at.path,
      label: `${at.label} itself`,
      depth: depth + 1,
      layers: [at.layer],
      isGroup: false,
      folded: false,
    });
  for (const child of at.children.values()) addRows(rows, child, depth + 1, folded);
}

function layersOf(branch: Branch): number[] {
  const own = branch.layer === null ? [] : [branch.layer];
  return [...own, ...[...branch.children.values()].flatMap(layersOf)];
}

/** The median of the finite values of some layers at each step; NaN without any. Values are (layers, steps). */
export function medianRow(values: Float32Array, nSteps: number, layers: readonly number[]): Float32Array {
  if (layers.length === 1) return values.subarray(layers[0] * nSteps, (layers[0] + 1) * nSteps);
  const row = new Float32Array(nSteps);
  for (let step = 0; step < nSteps; step++) {
    const known = layers
      .map((layer) => values[layer * nSteps + step])
      .filter(Number.isFinite)
      .sort((a, b) => a - b);
    const middle = (known.length - 1) / 2;
    row[step] = known.length === 0 ? Number.NaN : (known[Math.floor(middle)] + known[Math.ceil(middle)]) / 2;
  }
  return row;
}

import { type LogEnds, logShare } from "../../../color/log_scale";
import type { FlowStep } from "../../../render/flow/scene";
import type { Shown } from "../state/state";
import type { FlowFrame, FlowScales } from "../types";
import type { ColumnLayout } from "./columns";
import { type Links, layerRanges, linksOf } from "./links";

/** Shares that are no place on the scale. */
export const ZERO = -1;
export const UNKNOWN = -2;
const DROPPED = -3;
const N_BUCKETS = 256;
/** Rows of the colour texture. */
const NEGATIVE = 0;
const POSITIVE = 1;
const UNSIGNED = 2;

interface Look {
  layout: ColumnLayout;
  scale: FlowScales;
  shown: Shown;
  /** How many lines between two columns are drawn at most; null: all. */
  limit: number | null;
}

/** A frame as the renderer draws it: where on the scale each node and line is, lines from the weakest to the strongest. */
export function prepare(frame: FlowFrame, look: Look): FlowStep {
  const { layout, scale, shown, limit } = look;
  const values = shown === "gradient" ? frame.edgeGradient : frame.edgeWeight;
  const ends = (shown === "gradient" ? scale.edge : scale.weight) ?? [1e-6, 1];
  const lines = linksOf(frame, layout, values);
  const shares = sharesOf(lines, ends);
  if (limit !== null) dropWeakest(lines, shares, limit);
  const links = sortedLinks(lines, shares);
  return {
    step: frame.step,
    nodes: nodeShares(frame, layout, scale, shown),
    links,
    nLinks: links.length / 4,
  };
}

/** Pairs by node: share and row of the colour texture. Of the rest of a layer the mean is shown. */
function nodeShares(frame: FlowFrame, layout: ColumnLayout, scale: FlowScales, shown: Shown): Float32Array {
  const pairs = new Float32Array(2 * layout.x.length);
  for (let node = 0; node < layout.x.length; node++) pairs.set([UNKNOWN, UNSIGNED], 2 * node);
  const ends = (shown === "gradient" ? scale.unit : scale.activation) ?? ([1e-6, 1] as LogEnds);
  const sizes = shown === "gradient" ? frame.unitGradient : frame.unitActivation;
  for (const { layer, firstUnit } of layerRanges(frame.layers)) {
    const index = layout.columnOf.get(layer.name);
    const column = index === undefined ? undefined : layout.columns[index];
    if (index === undefined || !column || column.nUnits !== layer.n_units) continue;
    let [sum, signedSum, nRest] = [0, 0, 0];
    for (let unit = 0; unit < layer.n_units; unit++) {
      const node = layout.nodeOf[index][unit];
      const [size, signed] = [sizes[firstUnit + unit], frame.unitSigned[firstUnit + unit]];
      if (layout.nodeUnit[node] >= 0) write(pairs, node, size, signed, ends, shown);
      else if (Number.isFinite(size)) {
        sum += size;
        signedSum += signed;
        nRest += 1;
      }
    }
    if (column.nHidden > 0 && nRest > 0)
      write(pairs, column.first + column.nNodes - 1, sum / nRest, signedSum / nRest, ends, shown);
  }
  return pairs;
}

function write(
  pairs: Float32Array,
  node: number,
  size: number,
  signed: number,
  ends: LogEnds,
  shown: Shown,
): void {
  const share = logShare(size, ends);
  pairs[2 * node] = Number.isNaN(share) ? UNKNOWN : share;
  pairs[2 * node + 1] = shown === "gradient" ? (signed < 0 ? NEGATIVE : POSITIVE) : UNSIGNED;
}

function sharesOf({ value, n }: Links, ends: LogEnds): Float32Array {
  const shares = new Float32Array(n);
  for (let i = 0; i < n; i++) {
    const share = Number.isNaN(value[i]) ? UNKNOWN : logShare(value[i], ends);
    // What is at the lower end of the scale has no ink.
    shares[i] = share === UNKNOWN || share > 0 ? share : DROPPED;
  }
  return shares;
}

/** Of each pair of columns only the strongest lines stay; what is passed on as it is stays in any case. */
function dropWeakest({ groups, n }: Links, shares: Float32Array, limit: number): void {
  const counts = new Uint32Array(N_BUCKETS + 1);
  groups.forEach((start, group) => {
    const end = groups[group + 1] ?? n;
    if (end - start <= limit && limit > 0) return;
    counts.fill(0);
    for (let i = start; i < end; i++) if (shares[i] >= 0) counts[bucketOf(shares[i])] += 1;
    let [cut, room] = [N_BUCKETS, limit];
    while (cut > 0 && counts[cut] <= room) room -= counts[cut--];
    for (let i = start; i < end; i++) {
      const bucket = shares[i] < 0 ? N_BUCKETS : bucketOf(shares[i]);
      if (bucket > cut || shares[i] < 0) continue;
      if (bucket === cut && room > 0) room -= 1;
      else shares[i] = DROPPED;
    }
  });
}

/** Fours by line: from, to, share, row of the colour texture, ascending by share; a counting sort. */
function sortedLinks({ from, to, value, n }: Links, shares: Float32Array): Float32Array {
  const starts = new Uint32Array(N_BUCKETS + 2);
  let nKept = 0;
  for (let i = 0; i < n; i++) {
    if (shares[i] === DROPPED) continue;
    starts[bucketOf(shares[i]) + 1] += 1;
    nKept += 1;
  }
  for (let bucket = 0; bucket <= N_BUCKETS; bucket++) starts[bucket + 1] += starts[bucket];
  const links = new Float32Array(4 * nKept);
  for (let i = 0; i < n; i++) {
    const share = shares[i];
    if (share === DROPPED) continue;
    const at = 4 * starts[bucketOf(share)]++;
    links[at] = from[i];
    links[at + 1] = to[i];
    links[at + 2] = share;
    links[at + 3] = share === UNKNOWN ? UNSIGNED : value[i] < 0 ? NEGATIVE : POSITIVE;
  }
  return links;
}

/** 0: not on the scale. */
function bucketOf(share: number): number {
  return share < 0 ? 0 : 1 + Math.min(N_BUCKETS - 1, Math.floor(share * N_BUCKETS));
}

import { effect } from "@preact/signals";
import type { Api, WantedPositions } from "../../../api/client";
import { asApiError } from "../../../api/errors";
import type { Preservation } from "../../../api/types";
import { Level } from "../../../render/scatter/scene";
import type { Store } from "../../../session/state";

/** Epochs that are kept. */
const MAX_KEPT = 64;
const SHARE_MAX = 254;
/** The picture misrepresents a sample if it shows less than this share of its nearest neighbours near it. */
export const FEW = 1 / 3;

/** Fetches, while samples are to fade, how faithful the picture of the current epoch is around each. */
export function keepPreservation(store: Store, api: Api): () => void {
  // A Map keeps insertion order, so the first key is the oldest.
  const kept = new Map<string, Preservation[]>();
  let underWay: { key: string; abort: AbortController } | null = null;

  const fetchShares = async (wanted: WantedPositions, key: string) => {
    underWay?.abort.abort();
    const abort = new AbortController();
    underWay = { key, abort };
    try {
      const loaded = await api.preservation(wanted, abort.signal);
      kept.set(key, loaded);
      for (const oldest of kept.keys()) if (kept.size > MAX_KEPT) kept.delete(oldest);
      if (!abort.signal.aborted) store.actions.preservationLoaded(loaded);
    } catch (caught) {
      const error = asApiError(caught);
      if (error.kind === "aborted") return;
      // Not asked again and again: what is not known fades nothing.
      if (error.kind !== "offline") kept.set(key, []);
      store.actions.preservationLoaded([]);
    } finally {
      if (underWay?.abort === abort) underWay = null;
    }
  };
  return effect(() => {
    if (!store.fading.value) return;
    const wanted = wantedNow(store);
    if (wanted.ids.length === 0) return;
    const key = JSON.stringify(wanted);
    const known = kept.get(key);
    if (known) store.actions.preservationLoaded(known);
    else if (underWay?.key !== key) void fetchShares(wanted, key);
  });
}

/** The finished layouts on view that have the current epoch. */
function wantedNow(store: Store): WantedPositions {
  const step = store.step.value ?? 0;
  const panels = store.panels.value;
  const wanted: WantedPositions = { step, ids: [], revisions: [] };
  for (const { id, block, steps, revisions, state } of store.projections.value) {
    const index = steps.indexOf(step);
    if (index < 0 || state !== "done" || !panels.includes(block)) continue;
    wanted.ids.push(id);
    wanted.revisions.push(revisions[index]);
  }
  return wanted;
}

export function isMisrepresented(share: number): boolean {
  return share < FEW * SHARE_MAX;
}

const derived = new WeakMap<Uint8Array, { levels: Uint8Array; faded: Uint8Array }>();

/** The levels with the misrepresented samples faded; the same array as long as its causes are the same. */
export function fadeMisrepresented(levels: Uint8Array, shares: Uint8Array): Uint8Array {
  const known = derived.get(shares);
  if (known?.levels === levels) return known.faded;
  const faded = levels.map((level, row) =>
    level === Level.normal && isMisrepresented(shares[row] ?? SHARE_MAX) ? Level.faded : level,
  );
  derived.set(shares, { levels, faded });
  return faded;
}

/** Which share of the samples with a place is misrepresented, over these layouts; null if nothing is known. */
export function misrepresentedShare(known: readonly Preservation[]): number | null {
  let n = 0;
  let few = 0;
  for (const { shares } of known) {
    for (const share of shares) {
      if (share > SHARE_MAX) continue;
      n += 1;
      if (isMisrepresented(share)) few += 1;
    }
  }
  return n === 0 ? null : few / n;
}

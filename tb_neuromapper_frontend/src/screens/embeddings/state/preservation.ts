import { asApiError } from "../../../api/errors";
import { Level } from "../../../render/scatter/scene";
import type { Session } from "../../../session";
import { syncLoaded } from "../../../session/load";
import type { EmbeddingsApi, WantedPositions } from "../api";
import type { Preservation } from "../types";
import type { Embeddings } from "./actions";

/** Epochs that are kept. */
const MAX_KEPT = 64;
const SHARE_MAX = 254;
/** The layout misrepresents a sample if it shows less than this share of its nearest neighbours near it. */
export const FEW = 1 / 3;

/** Fetches, while samples are to fade, how faithful the layouts of the current epoch are around each. */
export function syncPreservation(session: Session, embeddings: Embeddings, api: EmbeddingsApi): () => void {
  const { preservationLoaded } = embeddings.actions;
  return syncLoaded<readonly Preservation[]>(
    () => {
      if (!embeddings.fading.value) return undefined;
      const wanted = wantedNow(session, embeddings);
      if (wanted.ids.length === 0) return undefined;
      const load = async (signal: AbortSignal) => {
        try {
          return await api.preservation(wanted, signal);
        } catch (caught) {
          const { kind } = asApiError(caught);
          // Not asked again and again: what is not known fades nothing.
          if (kind === "refused" || kind === "broken") return [];
          throw caught;
        }
      };
      return { key: JSON.stringify(wanted), load };
    },
    { arrived: preservationLoaded, failed: () => preservationLoaded([]), nKept: MAX_KEPT },
  );
}

/** The finished layouts on view that have the current epoch. */
function wantedNow(session: Session, embeddings: Embeddings): WantedPositions {
  const step = session.epoch.value ?? 0;
  const panels = embeddings.panels.value;
  const wanted: WantedPositions = { step, ids: [], revisions: [] };
  for (const { id, block, steps, revisions, state } of embeddings.projections.value) {
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

"""One pass of the layout: stochastic forces within every slice, then the pull between slices."""

# Kernels: numba derives their types.
# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False

from __future__ import annotations

import numba
import numpy as np

from tb_neuromapper.numerics.lanes import N_LANES, ROW, attract, repel


@numba.njit(cache=True)
def _scramble(x):
    """A 32-bit hash (Wellons, lowbias32)."""
    x = np.uint32(x)
    x = np.uint32(x ^ (x >> np.uint32(16)))
    x = np.uint32(x * np.uint32(0x7FEB352D))
    x = np.uint32(x ^ (x >> np.uint32(15)))
    x = np.uint32(x * np.uint32(0x846CA68B))
    return np.uint32(x ^ (x >> np.uint32(16)))


@numba.njit(parallel=True, cache=True)
def move_rows(before, after, blocks, indptr, tails, rates, shares, visits, curves, scales, n_repel, step, seed, n_pass):
    """Write to `after` where a pass of attraction along edges and repulsion from random rows takes every row.

    A row sees the rows of its own block as they are now and all others as they were before the pass, so the result
    does not depend on the threads. Edges are drawn by systematic sampling: one uniform number a row and pass, that
    advances by the golden ratio, so that an edge of rate r is visited in r of the passes, evenly spread.

    Args:
        before, after: float32 (R * 16,): layout rows (lanes.py).
        blocks: int32 (B, 4): rows [first, last), and those of their group.
        indptr, tails, rates, shares, visits: See graph.LayoutGraph.
        curves: float32 (G' * 16,): a and b of every lane of every block's group (one row a block).
        scales: float32 (B, 8): step size of every lane of every block, relative.
        n_repel: float32 (B, 8): random rows per visit.
        step: Step size of the pass.
        seed, n_pass: Of the random numbers.
    """
    for block in numba.prange(blocks.shape[0]):
        first, last, low, high = blocks[block]
        current = np.empty(ROW, np.float32)
        total = np.empty(ROW, np.float32)
        pull = np.empty(N_LANES, np.float32)
        push = np.empty(N_LANES, np.float32)
        for i in range(first * ROW, last * ROW):
            after[i] = before[i]
        most_repel = np.float32(0.0)
        for s in range(N_LANES):
            most_repel = max(most_repel, n_repel[block, s])
        for row in range(first, last):
            begin, end = indptr[row], indptr[row + 1]
            if begin == end:
                continue
            start = _scramble(np.uint32(seed ^ _scramble(np.uint32(row))))
            random = np.uint32(_scramble(np.uint32(start + np.uint32(n_pass))) | np.uint32(1))
            # A 24-bit fraction; 2654435769 / 2^32 is the golden ratio's.
            phase = np.uint32(start + np.uint32(n_pass) * np.uint32(2654435769))
            mark = np.float32(1.0) - np.float32(phase >> np.uint32(8)) * np.float32(1.0 / 16777216.0)
            most = np.float32(0.0)
            for s in range(N_LANES):
                most = max(most, visits[row, s])
            sum_rates = np.float32(0.0)
            for edge in range(begin, end):
                sum_rates += rates[edge]
            per_visit = most * most_repel / sum_rates
            for s in range(N_LANES):
                push[s] = step * scales[block, s] * visits[row, s] / most * n_repel[block, s] / most_repel
            for i in range(ROW):
                current[i] = after[row * ROW + i]
            owed = np.float32(random & np.uint32(0xFFFF)) * np.float32(1.0 / 65536.0)
            passed = np.float32(0.0)
            for edge in range(begin, end):
                passed += rates[edge]
                if passed < mark:
                    continue
                mark += np.float32(1.0)
                tail = tails[edge]
                for s in range(N_LANES):
                    pull[s] = step * scales[block, s] * np.float32(shares[edge, s]) * np.float32(1.0 / 255.0)
                for i in range(ROW):
                    total[i] = current[i]
                attract(total, current, after if first <= tail < last else before, tail, pull, curves, block)
                owed += per_visit
                while owed >= np.float32(1.0):
                    owed -= np.float32(1.0)
                    # xorshift32 (Marsaglia 2003).
                    random = np.uint32(random ^ np.uint32(random << np.uint32(13)))
                    random = np.uint32(random ^ (random >> np.uint32(17)))
                    random = np.uint32(random ^ np.uint32(random << np.uint32(5)))
                    other = low + np.int64((np.uint64(random) * np.uint64(high - low)) >> np.uint64(32))
                    repel(total, current, before, other, push, curves, block)
                for i in range(ROW):
                    current[i] = total[i]
            for i in range(ROW):
                after[row * ROW + i] = current[i]


@numba.njit(parallel=True, cache=True)
def align_tracks(before, after, heads, following, slices, rows, overlaps, strengths, step, n_fixed, n_chunks):
    """Write to `after` every sample pulled towards itself in the slices around, weighted by neighbour overlap.

    A convex mean, y' = (y + sum c_o y_o) / (1 + sum c_o), so any strength is stable.

    Args:
        before, after: float32 (R * 16,): layout rows.
        heads: int32 (K,): the first flat row of every sample.
        following: int32 (S,): the same sample's flat row in the next slice, or -1.
        slices: int32 (S,): slice of every flat row.
        rows: int32 (S,): layout row of every flat row.
        overlaps: float32 (S, W): overlap of the sample's neighbourhood with that in the o-th slice after.
        strengths: float32 (S,): pull of a fully overlapping adjacent slice at a step of 1.
        step: Step size of the pass.
        n_fixed: Slices that stay as they are.
        n_chunks: Number of parallel pieces.
    """
    n_tracks = heads.shape[0]
    window = overlaps.shape[1]
    n_slices = slices[-1] + 1
    decay = np.exp(-np.arange(window).astype(np.float32))
    for chunk in numba.prange(n_chunks):
        at = np.empty(n_slices, np.int64)
        own = np.empty(n_slices, np.int32)
        sums = np.empty((n_slices, 3), np.float32)
        for track in range(chunk * n_tracks // n_chunks, (chunk + 1) * n_tracks // n_chunks):
            n = 0
            flat = heads[track]
            while flat >= 0:
                at[n] = np.int64(rows[flat]) * ROW + slices[flat] % N_LANES
                own[n] = flat
                sums[n, 0] = before[at[n]]
                sums[n, 1] = before[at[n] + N_LANES]
                sums[n, 2] = 1.0
                n += 1
                flat = following[flat]
            for i in range(n):
                for o in range(1, min(window, n - 1 - i) + 1):
                    weight = overlaps[own[i], o - 1] * decay[o - 1] * step
                    forth = weight * strengths[own[i]]
                    back = weight * strengths[own[i + o]]
                    sums[i, 0] += forth * before[at[i + o]]
                    sums[i, 1] += forth * before[at[i + o] + N_LANES]
                    sums[i, 2] += forth
                    sums[i + o, 0] += back * before[at[i]]
                    sums[i + o, 1] += back * before[at[i] + N_LANES]
                    sums[i + o, 2] += back
            for i in range(n):
                if slices[own[i]] >= n_fixed:
                    after[at[i]] = sums[i, 0] / sums[i, 2]
                    after[at[i] + N_LANES] = sums[i, 1] / sums[i, 2]


@numba.njit(parallel=True, cache=True)
def overlap_tracks(ids, heads, following, tracks_of, window, n_chunks, overlaps):
    """Jaccard overlap of a sample's neighbours with its neighbours 1..W slices on, among samples in both slices.

    ids: int32 (S, k) flat ids or -1; tracks_of: int32 (S,) the track of every flat row.
    """
    n_tracks = heads.shape[0]
    k = ids.shape[1]
    for chunk in numba.prange(n_chunks):
        stamps = np.zeros(n_tracks, np.int32)
        stamp = 0
        for track in range(chunk * n_tracks // n_chunks, (chunk + 1) * n_tracks // n_chunks):
            flat = heads[track]
            while flat >= 0:
                stamp += 1
                n_own = 0
                for j in range(k):
                    if ids[flat, j] >= 0:
                        stamps[tracks_of[ids[flat, j]]] = stamp
                        n_own += 1
                later = flat
                for o in range(window):
                    later = following[later]
                    if later < 0:
                        break
                    n_shared = 0
                    n_theirs = 0
                    for j in range(k):
                        if ids[later, j] >= 0:
                            n_theirs += 1
                            if stamps[tracks_of[ids[later, j]]] == stamp:
                                n_shared += 1
                    n_union = n_own + n_theirs - n_shared
                    overlaps[flat, o] = np.float32(n_shared) / np.float32(n_union) if n_union > 0 else 1.0
                flat = following[flat]

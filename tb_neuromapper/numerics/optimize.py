"""One pass of the layout: stochastic forces within every slice, then the pull between slices."""

# Kernels: numba derives their types.
# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False

from __future__ import annotations

import numba
import numpy as np

from tb_neuromapper.numerics.lanes import N_LANES, ROW, attract, copy_row, repel


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _scramble(x):
    """A 32-bit hash (Wellons, lowbias32)."""
    x = np.uint32(x)
    x = np.uint32(x ^ (x >> np.uint32(16)))
    x = np.uint32(x * np.uint32(0x7FEB352D))
    x = np.uint32(x ^ (x >> np.uint32(15)))
    x = np.uint32(x * np.uint32(0x846CA68B))
    return np.uint32(x ^ (x >> np.uint32(16)))


@numba.njit(cache=True, nogil=True, error_model="numpy")
def move_rows(
    start_block, stop_block, places, before, after, blocks, indptr, tails, rates, shares, visits,
    curves, scales, ratios, step, seed, n_pass
):  # fmt: skip
    """Write where a pass of attraction along edges and repulsion from random rows takes every row.

    A row sees the rows of its own block as they are now and all others as they were before the pass, so the result
    does not depend on the threads. Edges are drawn by systematic sampling: one uniform number a row and pass, that
    advances by the golden ratio, so that an edge of rate r is visited in r of the passes, evenly spread.

    Args:
        places: float32 (2 * R * 16,): layout rows (lanes.py), twice. One array, since choosing between two costs
            numba an atomic count a force.
        before, after: The row of `places` where the old and the new layout begin.
        blocks: int32 (B, 4): rows [first, last), and those of their group.
        indptr, tails, rates, shares, visits: See graph.LayoutGraph.
        curves: float32 (B * 16,): a and b of every lane.
        scales: float32 (B * 8,): step size of every lane, over 255.
        ratios: float32 (B, 8): random rows a visit.
        step: Step size of the pass.
        seed, n_pass: Of the random numbers.
    """
    current = np.empty(ROW, np.float32)
    total = np.empty(ROW, np.float32)
    push = np.empty(N_LANES, np.float32)
    pull = scales * step
    for block in range(start_block, stop_block):
        first, last, low, high = blocks[block, 0], blocks[block, 1], blocks[block, 2], blocks[block, 3]
        for row in range(first, last):
            copy_row(places, after + row, places, before + row)
        most_repel = np.float32(0.0)
        for s in range(N_LANES):
            most_repel = max(most_repel, ratios[block, s])
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
            share = np.float32(255.0) / max(most * most_repel, np.float32(1e-30))
            for s in range(N_LANES):
                push[s] = pull[block * N_LANES + s] * visits[row, s] * ratios[block, s] * share
            copy_row(current, 0, places, before + row)
            owed = np.float32(random & np.uint32(0xFFFF)) * np.float32(1.0 / 65536.0)
            passed = np.float32(0.0)
            for edge in range(begin, end):
                passed += rates[edge]
                if passed < mark:
                    continue
                mark += np.float32(1.0)
                tail = tails[edge]
                copy_row(total, 0, current, 0)
                there = after if first <= tail < last else before
                attract(total, current, places, there + tail, shares, edge, pull, block, curves)
                owed += per_visit
                while owed >= np.float32(1.0):
                    owed -= np.float32(1.0)
                    # xorshift32 (Marsaglia 2003).
                    random = np.uint32(random ^ np.uint32(random << np.uint32(13)))
                    random = np.uint32(random ^ (random >> np.uint32(17)))
                    random = np.uint32(random ^ np.uint32(random << np.uint32(5)))
                    other = low + np.int64((np.uint64(random) * np.uint64(high - low)) >> np.uint64(32))
                    repel(total, current, places, before + other, push, curves, block)
                copy_row(current, 0, total, 0)
            copy_row(places, after + row, current, 0)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def align_tracks(
    start_track, stop_track, places, before, after, heads, following, slices, rows, overlaps, strengths, step, n_fixed
):
    """Write every sample pulled towards itself in the slices around, weighted by neighbour overlap.

    A convex mean, y' = (y + sum c_o y_o) / (1 + sum c_o), so any strength is stable.

    Args:
        places, before, after: See `move_rows`.
        heads: int32 (K,): the first flat row of every sample.
        following: int32 (S,): the same sample's flat row in the next slice, or -1.
        slices: int32 (S,): slice of every flat row.
        rows: int32 (S,): layout row of every flat row.
        overlaps: float32 (S, W): overlap of the sample's neighbourhood with that in the o-th slice after.
        strengths: float32 (S,): pull of a fully overlapping adjacent slice at a step of 1.
        step: Step size of the pass.
        n_fixed: Slices that stay as they are.
    """
    window = overlaps.shape[1]
    n_slices = slices[-1] + 1
    decay = np.exp(-np.arange(window).astype(np.float32))
    at = np.empty(n_slices, np.int64)
    own = np.empty(n_slices, np.int32)
    sums = np.empty((n_slices, 3), np.float32)
    for track in range(start_track, stop_track):
        n = 0
        flat = heads[track]
        while flat >= 0:
            at[n] = np.int64(rows[flat]) * ROW + slices[flat] % N_LANES
            own[n] = flat
            sums[n, 0] = places[before * ROW + at[n]]
            sums[n, 1] = places[before * ROW + at[n] + N_LANES]
            sums[n, 2] = 1.0
            n += 1
            flat = following[flat]
        for i in range(n):
            for o in range(1, window + 1):
                if i + o >= n:
                    break
                weight = overlaps[own[i], o - 1] * decay[o - 1] * step
                forth = weight * strengths[own[i]]
                back = weight * strengths[own[i + o]]
                sums[i, 0] += forth * places[before * ROW + at[i + o]]
                sums[i, 1] += forth * places[before * ROW + at[i + o] + N_LANES]
                sums[i, 2] += forth
                sums[i + o, 0] += back * places[before * ROW + at[i]]
                sums[i + o, 1] += back * places[before * ROW + at[i] + N_LANES]
                sums[i + o, 2] += back
        for i in range(n):
            if slices[own[i]] >= n_fixed:
                places[after * ROW + at[i]] = sums[i, 0] / sums[i, 2]
                places[after * ROW + at[i] + N_LANES] = sums[i, 1] / sums[i, 2]


@numba.njit(cache=True, nogil=True, error_model="numpy")
def overlap_tracks(start_track, stop_track, ids, starts, slices, heads, following, preceding, overlaps):
    """Jaccard overlap of a sample's neighbours with its neighbours 1..W slices on, among samples of both slices.

    Args:
        ids: int32 (S, k): flat ids of neighbours, or -1.
        starts: int32 (T + 1,): first flat row of every slice.
        slices: int32 (S,): slice of every flat row.
        heads, following: See `align_tracks`; preceding is the reverse of following.
        overlaps: float32 (S, W), written; 1 where neither has neighbours.
    """
    k = ids.shape[1]
    most_rows = 0
    for t in range(starts.shape[0] - 1):
        most_rows = max(most_rows, starts[t + 1] - starts[t])
    stamps = np.zeros(most_rows, np.int32)
    stamp = 0
    moved = np.empty(k, np.int32)
    for track in range(start_track, stop_track):
        flat = heads[track]
        while flat >= 0:
            for j in range(k):
                moved[j] = ids[flat, j]
            later = flat
            for o in range(overlaps.shape[1]):
                later = following[later]
                if later < 0:
                    break
                base = starts[slices[later]]
                stamp += 1
                n_union = 0
                for j in range(k):
                    if moved[j] >= 0:
                        moved[j] = following[moved[j]]
                    if moved[j] >= 0:
                        stamps[moved[j] - base] = stamp
                        n_union += 1
                n_shared = 0
                for j in range(k):
                    other = ids[later, j]
                    if other < 0:
                        continue
                    if stamps[other - base] == stamp:
                        n_shared += 1
                        continue
                    for _ in range(o + 1):
                        if other >= 0:
                            other = preceding[other]
                    if other >= 0:
                        n_union += 1
                overlaps[flat, o] = np.float32(n_shared) / np.float32(n_union) if n_union > 0 else np.float32(1.0)
            flat = following[flat]

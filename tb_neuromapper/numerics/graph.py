"""UMAP's fuzzy neighbour graph of every slice, with the slices of a group merged row by row.

Reference: McInnes, Healy and Melville 2018, UMAP, sections 3.1 and 4; umap-learn 0.5.12, `fuzzy_simplicial_set`.
"""

# Kernels: numba derives their types.
# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numba
import numpy as np
import numpy.typing as npt

from tb_neuromapper.numerics.lanes import N_LANES
from tb_neuromapper.numerics.threads import Threads
from tb_neuromapper.numerics.tracks import Tracks
from tb_neuromapper.numerics.types import FloatArray, IntArray, Neighbors

# Edges that umap-learn drops at its 200 passes: they would be visited less than once.
_LEAST_WEIGHT = np.float32(1 / 200)
_N_BLOCKS = 16
# fastmath knows no infinities.
_UNBOUNDED = np.float32(3e38)


@dataclass(frozen=True)
class LayoutGraph:
    """The edges of all layout rows, as compressed rows.

    Attributes:
        indptr: int64 (R + 1,): where a row's edges begin.
        tails: int32 (E,): the layout row at the other end.
        rates: float32 (E,): visits a pass, the largest of the lanes.
        shares: uint8 (E, 8): a lane's weight as a share of the rate, in 255ths.
        visits: float32 (R, 8): the sum of a lane's weights.
    """

    indptr: npt.NDArray[np.int64]
    tails: IntArray
    rates: FloatArray
    shares: npt.NDArray[np.uint8]
    visits: FloatArray


def build_graph(
    neighbors: Sequence[Neighbors],
    tracks: Tracks,
    n_columns: Sequence[int],
    threads: Threads,
    first_slice: int = 0,
) -> LayoutGraph:
    """The fuzzy neighbour graph of every slice from `first_slice` on; the lanes of the slices before stay empty.

    Args:
        neighbors: Per slice at least `n_columns[t]` columns.
        tracks: Where the rows of the slices lie in the layout.
        n_columns: Neighbours to use of every slice, the sample itself not counted.
        threads: To run on.
        first_slice: First slice that has edges.
    """
    ids, weights = weigh_neighbors(neighbors, tracks.starts, n_columns, threads, first_slice)
    n_rows = int(tracks.group_starts[-1])
    counts = np.zeros(len(ids) + 1, dtype=np.int64)
    threads.run(_count_backward, tracks.n_slices, tracks.starts, ids, counts, most=threads.n)
    back_starts = np.cumsum(counts)
    heads, head_weights = np.empty(back_starts[-1], np.int32), np.empty(back_starts[-1], np.float32)
    threads.run(
        _list_backward, tracks.n_slices, tracks.starts, ids, weights, back_starts, heads, head_weights, most=threads.n
    )
    blocks = row_blocks(tracks.group_starts)
    most = max(1, len(blocks) * 40_000 // n_rows)
    args = (ids, weights, back_starts, heads, head_weights, tracks.flats, tracks.rows, blocks)
    degrees = np.zeros(n_rows, dtype=np.int64)
    visits = np.zeros((n_rows, N_LANES), dtype=np.float32)
    nothing = (np.empty(0, np.int32), np.empty(0, np.float32), np.empty((0, N_LANES), np.uint8))
    threads.run(_merge, len(blocks), *args, np.empty(0, np.int64), degrees, *nothing, visits, most=most)
    indptr = np.concatenate([[0], np.cumsum(degrees)])
    n_edges = int(indptr[-1])
    edges = (np.empty(n_edges, np.int32), np.empty(n_edges, np.float32), np.empty((n_edges, N_LANES), np.uint8))
    threads.run(_merge, len(blocks), *args, indptr, degrees, *edges, visits, most=most)
    return LayoutGraph(indptr, *edges, visits)


def slice_neighbors(
    neighbors: Sequence[Neighbors], starts: IntArray, n_columns: Sequence[int], first_slice: int = 0
) -> IntArray:
    """int32 (S, k): flat ids of all slices' neighbours; -1 where a slice has fewer."""
    ids = np.full((int(starts[-1]), max(1, *n_columns, 1)), -1, dtype=np.int32)
    for t in range(first_slice, len(neighbors)):
        near = neighbors[t].ids[:, : n_columns[t]]
        ids[starts[t] : starts[t + 1], : n_columns[t]] = np.where(near >= 0, near + starts[t], -1)
    return ids


def weigh_neighbors(
    neighbors: Sequence[Neighbors],
    starts: IntArray,
    n_columns: Sequence[int],
    threads: Threads,
    first_slice: int = 0,
) -> tuple[IntArray, FloatArray]:
    """Flat ids and directed fuzzy weights of all slices, both (S, k); -1 and 0 where a slice has fewer neighbours."""
    ids = slice_neighbors(neighbors, starts, n_columns, first_slice)
    weights = np.zeros(ids.shape, dtype=np.float32)
    for t in range(first_slice, len(neighbors)):
        k = n_columns[t]
        if k == 0:
            continue
        near = np.ascontiguousarray(neighbors[t].ids[:, :k])
        dists = np.ascontiguousarray(neighbors[t].dists[:, :k], dtype=np.float32)
        named = near >= 0
        # umap-learn averages over the sample itself too.
        overall = np.float32(dists.sum(where=named, dtype=np.float64) / (named.sum() + len(named)))
        own = weights[starts[t] : starts[t + 1]]
        threads.run(_weigh, len(near), near, dists, np.float32(np.log2(k + 1)), overall, own, most=100_000)
    return ids, weights


@numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
def _weigh(first, last, ids, dists, wanted, overall, weights):
    """Smooth kNN distances: weights exp(-(d - rho) / sigma) that add up to `wanted`, sigma by bisection."""
    k = dists.shape[1]
    for i in range(first, last):
        rho = np.float32(0.0)
        mean = np.float32(0.0)
        count = 0
        for j in range(k):
            if ids[i, j] >= 0:
                count += 1
                mean += dists[i, j]
                if rho == 0.0 and dists[i, j] > 0.0:
                    rho = dists[i, j]
        mean = np.float32(mean / np.float32(count + 1))
        low = np.float32(0.0)
        high = _UNBOUNDED
        sigma = np.float32(max(mean - rho, np.float32(1e-3) * mean)) if mean > 0 else np.float32(1.0)
        for _ in range(40):
            total = np.float32(0.0)
            for j in range(count):
                gap = dists[i, j] - rho
                total += np.exp(-gap / sigma) if gap > 0.0 else np.float32(1.0)
            if abs(total - wanted) < np.float32(1e-4):
                break
            if total > wanted:
                high = sigma
                sigma = np.float32(0.5) * (low + high)
            else:
                low = sigma
                sigma = np.float32(2.0) * sigma if high == _UNBOUNDED else np.float32(0.5) * (low + high)
            if sigma > np.float32(1e30) or sigma < np.float32(1e-30):
                break
        sigma = max(sigma, np.float32(1e-3) * (mean if rho > 0.0 else overall), np.float32(1e-30))
        for j in range(count):
            gap = dists[i, j] - rho
            weights[i, j] = np.exp(-gap / sigma) if gap > 0.0 else np.float32(1.0)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _count_backward(first, last, starts, ids, counts):
    """counts[i + 1]: how many rows of its slice name flat row i."""
    for i in range(starts[first], starts[last]):
        for j in range(ids.shape[1]):
            if ids[i, j] >= 0:
                counts[ids[i, j] + 1] += 1


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _list_backward(first, last, starts, ids, weights, back_starts, heads, head_weights):
    """The rows that name every flat row, in order, and their weights."""
    low = starts[first]
    free = back_starts[low : starts[last]].copy()
    for i in range(low, starts[last]):
        for j in range(ids.shape[1]):
            tail = ids[i, j]
            if tail >= 0:
                heads[free[tail - low]] = i
                head_weights[free[tail - low]] = weights[i, j]
                free[tail - low] += 1


def row_blocks(group_starts: IntArray) -> IntArray:
    """int32 (B, 4): layout rows [first, last) and the first and last row of their group; never depends on threads."""
    blocks = []
    for low, high in pairwise(group_starts):
        edges = np.linspace(low, high, _N_BLOCKS + 1).astype(np.int32)
        blocks += [(a, b, low, high) for a, b in pairwise(edges) if b > a]
    return np.asarray(blocks, dtype=np.int32).reshape(-1, 4)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _merge(
    start,
    stop,
    ids,
    weights,
    rev_starts,
    rev_heads,
    rev_weights,
    flats,
    rows,
    blocks,
    indptr,
    counts,
    tails,
    rates,
    shares,
    visits,
):
    """Symmetrise (a + b - ab) and merge the lanes; with an empty `indptr` only count the edges of every row."""
    n_lanes = flats.shape[1]
    k = ids.shape[1]
    fill = indptr.shape[0] > 0
    for block in range(start, stop):
        first, last, low, high = blocks[block]
        slot_of = np.full(high - low, -1, np.int32)
        size = 0
        for row in range(first, last):
            n_most = 0
            for lane in range(n_lanes):
                if flats[row, lane] >= 0:
                    n_most += k + rev_starts[flats[row, lane] + 1] - rev_starts[flats[row, lane]]
            size = max(size, n_most)
        others = np.empty(size, np.int32)
        out = np.zeros((size, n_lanes), np.float32)
        for row in range(first, last):
            n_slots = 0
            for lane in range(n_lanes):
                flat = flats[row, lane]
                if flat < 0:
                    continue
                n_named = rev_starts[flat + 1] - rev_starts[flat]
                for m in range(k + n_named):
                    if m < k:
                        other = ids[flat, m]
                        value = weights[flat, m]
                    else:
                        other = rev_heads[rev_starts[flat] + m - k]
                        value = rev_weights[rev_starts[flat] + m - k]
                    if other < 0:
                        continue
                    other = rows[other]
                    slot = slot_of[other - low]
                    if slot < 0:
                        slot = n_slots
                        n_slots += 1
                        slot_of[other - low] = slot
                        others[slot] = other
                        for s in range(n_lanes):
                            out[slot, s] = 0.0
                    out[slot, lane] = out[slot, lane] + value - out[slot, lane] * value
            n_kept = 0
            for slot in range(n_slots):
                slot_of[others[slot] - low] = -1
                rate = np.float32(0.0)
                for s in range(n_lanes):
                    rate = max(rate, out[slot, s])
                if rate < _LEAST_WEIGHT:
                    continue
                if fill:
                    edge = indptr[row] + n_kept
                    tails[edge] = others[slot]
                    rates[edge] = rate
                    for s in range(n_lanes):
                        value = out[slot, s] if out[slot, s] >= _LEAST_WEIGHT else np.float32(0.0)
                        shares[edge, s] = np.uint8(value / rate * np.float32(255.0) + np.float32(0.5))
                        visits[row, s] += value
                n_kept += 1
            counts[row] = n_kept

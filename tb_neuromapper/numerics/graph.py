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
from scipy.sparse import csr_matrix

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
    back_starts, heads, head_weights = _list_backward(ids, weights, tracks.starts, threads)
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
    """Smooth kNN distances: weights exp(-(d - rho) / sigma) that add up to `wanted`; sigma by Newton within bounds."""
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
            slope = np.float32(0.0)
            for j in range(k):
                if ids[i, j] < 0:
                    continue
                gap = dists[i, j] - rho
                if gap > 0.0:
                    gap /= sigma
                    part = np.exp(-gap)
                    total += part
                    slope += part * gap
                else:
                    total += np.float32(1.0)
            if abs(total - wanted) < np.float32(1e-4):
                break
            if total > wanted:
                high = sigma
            else:
                low = sigma
            # Newton's step in log sigma, where it stays between the bounds; else half way.
            factor = (wanted - total) / slope if slope > np.float32(1e-20) else np.float32(2.0)
            step = sigma * np.exp(min(max(factor, np.float32(-2.0)), np.float32(2.0)))
            if low < step < high:
                sigma = step
            else:
                sigma = np.float32(2.0) * sigma if high == _UNBOUNDED else np.float32(0.5) * (low + high)
            if sigma > np.float32(1e30) or sigma < np.float32(1e-30):
                break
        sigma = max(sigma, np.float32(1e-3) * (mean if rho > 0.0 else overall), np.float32(1e-30))
        for j in range(k):
            if ids[i, j] < 0:
                continue
            gap = dists[i, j] - rho
            weights[i, j] = np.exp(-gap / sigma) if gap > 0.0 else np.float32(1.0)


def _list_backward(
    ids: IntArray, weights: FloatArray, starts: IntArray, threads: Threads
) -> tuple[npt.NDArray[np.int64], IntArray, FloatArray]:
    """For every flat row the rows that name it, in order, and their weights, as compressed rows."""
    counts, heads, values = [np.zeros(1, np.int64)], [np.empty(0, np.int32)], [np.empty(0, np.float32)]
    for first, last in pairwise(starts):
        threads.check_stop()
        n = int(last - first)
        named = ids[first:last] >= 0
        indptr = np.concatenate([[0], np.cumsum(named.sum(axis=1))])
        table = csr_matrix((weights[first:last][named], ids[first:last][named] - first, indptr), shape=(n, n)).tocsc()
        counts.append(np.diff(table.indptr).astype(np.int64))
        heads.append(table.indices + first)
        values.append(table.data)
    return np.cumsum(np.concatenate(counts)), np.concatenate(heads).astype(np.int32), np.concatenate(values)


def row_blocks(group_starts: IntArray) -> IntArray:
    """int32 (B, 4): layout rows [first, last) and the first and last row of their group; never depends on threads."""
    blocks = []
    for low, high in pairwise(group_starts):
        edges = np.linspace(low, high, _N_BLOCKS + 1).astype(np.int32)
        blocks += [(a, b, low, high) for a, b in pairwise(edges) if b > a]
    return np.asarray(blocks, dtype=np.int32).reshape(-1, 4)


# The fewer expressions, the sooner this compiles: types are derived for each.
@numba.njit(cache=True, nogil=True, error_model="numpy")
def _put(other, lane, value, n_slots, slot_of, others, merged):
    """Join a weight to the slot of a row, a + b - ab, or open one."""
    slot = slot_of[other]
    if slot < 0:
        slot = n_slots
        slot_of[other] = slot
        others[slot] = other
        for s in range(N_LANES):
            merged[slot, s] = 0.0
        n_slots += 1
    had = merged[slot, lane]
    merged[slot, lane] = had + value - had * value
    return n_slots


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _merge(
    start,
    stop,
    ids,
    weights,
    back_starts,
    heads,
    head_weights,
    flats,
    rows,
    blocks,
    indptr,
    degrees,
    tails,
    rates,
    shares,
    visits,
):
    """Symmetrise (a + b - ab) and merge the lanes; with an empty `indptr` only count the edges of every row."""
    k = ids.shape[1]
    for block in range(start, stop):
        first, low, size = blocks[block, 0], blocks[block, 2], 0
        for row in range(first, blocks[block, 1]):
            n_most = 0
            for lane in range(N_LANES):
                flat = flats[row, lane]
                if flat >= 0:
                    n_most += k + back_starts[flat + 1] - back_starts[flat]
            if n_most > size:
                size = n_most
        slot_of = np.full(blocks[block, 3] - low, -1, np.int64)
        others = np.empty(size, np.int64)
        merged = np.empty((size, N_LANES), np.float32)
        for row in range(first, blocks[block, 1]):
            n_slots = 0
            for lane in range(N_LANES):
                flat = flats[row, lane]
                if flat < 0:
                    continue
                for j in range(k):
                    near = ids[flat, j]
                    if near >= 0:
                        n_slots = _put(rows[near] - low, lane, weights[flat, j], n_slots, slot_of, others, merged)
                for j in range(back_starts[flat], back_starts[flat + 1]):
                    n_slots = _put(rows[heads[j]] - low, lane, head_weights[j], n_slots, slot_of, others, merged)
            n_kept = 0
            for slot in range(n_slots):
                slot_of[others[slot]] = -1
                rate = _LEAST_WEIGHT
                for s in range(N_LANES):
                    value = merged[slot, s]
                    if value > rate:
                        rate = value
                if rate == _LEAST_WEIGHT:
                    continue
                if indptr.shape[0] > 0:
                    edge = indptr[row] + n_kept
                    tails[edge] = others[slot] + low
                    rates[edge] = rate
                    for s in range(N_LANES):
                        value = merged[slot, s]
                        if value < _LEAST_WEIGHT:
                            value = np.float32(0.0)
                        shares[edge, s] = np.uint8(value / rate * np.float32(255.0) + np.float32(0.5))
                        visits[row, s] += value
                n_kept += 1
            degrees[row] = n_kept

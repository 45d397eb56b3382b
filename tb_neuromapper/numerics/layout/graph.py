"""UMAP's fuzzy neighbour graph of every slice, with the slices of a group merged row by row.

Sparse matrices of scipy are as fast as kernels were, and need no compilation.

Reference: McInnes, Healy and Melville 2018, UMAP, sections 3.1 and 4; umap-learn 0.5.12, `fuzzy_simplicial_set`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from tb_neuromapper.numerics.layout.lanes import N_LANES
from tb_neuromapper.numerics.layout.tracks import Tracks
from tb_neuromapper.numerics.types import FloatArray, IntArray, Neighbors

# Edges that umap-learn drops at its 200 passes: they would be visited less than once.
_LEAST_WEIGHT = np.float32(1 / 200)
_N_BLOCKS = 16
# Rows weighed at once: their distances stay in the cache.
_N_WEIGHED = 16_384


@dataclass(frozen=True)
class LayoutGraph:
    """The edges of all layout rows, as compressed rows.

    Attributes:
        indptr: int64 (R + 1,): where a row's edges begin.
        tails: int32 (E,): the layout row at the other end, rising within a row.
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
    check_stop: Callable[[], None],
    first_slice: int = 0,
) -> LayoutGraph:
    """The fuzzy neighbour graph of every slice from `first_slice` on; the lanes of earlier slices stay empty.

    Args:
        neighbors: Per slice at least `n_columns[t]` columns.
        tracks: Where the rows of the slices lie in the layout.
        n_columns: Neighbours to use of every slice, the sample itself not counted.
        check_stop: Called between slices; raises LayoutCancelled to cancel.
        first_slice: First slice that has edges.
    """
    visits = np.zeros((int(tracks.group_starts[-1]), N_LANES), dtype=np.float32)
    indptr, tails, rates, shares = [np.zeros(1, np.int64)], [], [], []
    for group, (low, high) in enumerate(pairwise(tracks.group_starts)):
        lanes = {}
        for t in range(max(first_slice, N_LANES * group), min(tracks.n_slices, N_LANES * (group + 1))):
            check_stop()
            rows = tracks.rows[tracks.slice_starts[t] : tracks.slice_starts[t + 1]] - low
            near = neighbors[t].ids[:, : n_columns[t]]
            weights = weigh_neighbors(near, neighbors[t].dists[:, : n_columns[t]])
            lanes[t % N_LANES] = lane = _unite(*neighbor_matrices(near, weights, rows, int(high - low)))
            visits[low:high, t % N_LANES] = lane @ np.ones(high - low, dtype=np.float32)
        merged, lane_shares = _merge_lanes(lanes, int(high - low), check_stop)
        indptr.append(merged.indptr[1:] + indptr[-1][-1])
        tails.append(merged.indices + low)
        rates.append(merged.data)
        shares.append(lane_shares)
    joined = np.concatenate(tails).astype(np.int32, copy=False)
    return LayoutGraph(np.concatenate(indptr), joined, np.concatenate(rates), np.concatenate(shares), visits)


def neighbor_matrices(ids: IntArray, values: FloatArray, rows: IntArray, n: int) -> tuple[csr_matrix, csr_matrix]:
    """A value for every sample and neighbour of a slice, as (n, n) compressed rows, and the transpose.

    Args:
        ids: int32 (N, k): rows of the slice, or -1.
        values: float32 (N, k).
        rows: int32 (N,): the row and column of every row of the slice.
        n: Rows and columns.
    """
    order = np.argsort(rows, kind="stable")
    named = ids[order] >= 0
    indptr = np.zeros(n + 1, dtype=np.int32)
    indptr[rows + 1] = (ids >= 0).sum(axis=1)
    parts = (values[order][named], rows[ids[order][named]], np.cumsum(indptr, dtype=np.int32))
    # Transposing sorts, sooner than a sort does.
    back = csr_matrix(parts, shape=(n, n)).T.tocsr()
    return back.T.tocsr(), back


def weigh_neighbors(ids: IntArray, dists: FloatArray) -> FloatArray:
    """Smooth kNN distances: exp(-(d - rho) / sigma), with sigma such that a row adds up to log2(k + 1).

    Args:
        ids: int32 (N, k): rows of the slice, or -1.
        dists: float32 (N, k).

    Returns:
        float32 (N, k) in [0, 1]; 0 where the id is -1.
    """
    weights = np.zeros(ids.shape, dtype=np.float32)
    if ids.size == 0:
        return weights
    named = ids >= 0
    # umap-learn averages over the sample itself too.
    overall = np.float32(dists.sum(where=named, dtype=np.float64) / (named.sum() + len(named)))
    if not 1e-15 < overall < 1e15:
        dists = _scale_rows(named, dists)
    for first in range(0, len(ids), _N_WEIGHED):
        part = slice(first, first + _N_WEIGHED)
        columns = np.ascontiguousarray(dists[part].T, dtype=np.float32)
        weights[part] = _weigh(np.ascontiguousarray(named[part].T), columns, overall).T
    return weights


def _scale_rows(named: npt.NDArray[np.bool_], dists: FloatArray) -> FloatArray:
    """Distances over the row's largest: weights depend on ratios alone, and sums stay within float32."""
    known = np.where(named, dists, np.float32(0))
    peaks = known.max(axis=1, keepdims=True)
    return np.asarray(known / np.where(peaks > 0, peaks, 1))


def _weigh(named: npt.NDArray[np.bool_], dists: FloatArray, overall: np.float32) -> FloatArray:
    """The weights of some rows, all (k, n): one column is a row's neighbours."""
    rho = np.where(named & (dists > 0), dists, np.float32(np.inf)).min(axis=0)
    rho[np.isinf(rho)] = 0
    mean = dists.sum(axis=0, where=named) / (named.sum(axis=0) + 1).astype(np.float32)
    gaps = np.maximum(dists - rho, 0)
    wanted = np.float32(np.log2(len(dists) + 1))
    sigma = _solve_sigma(gaps, named, np.where(mean > 0, np.maximum(mean - rho, np.float32(1e-3) * mean), 1), wanted)
    least = np.float32(1e-3) * np.where(rho > 0, mean, overall)
    sigma = np.maximum(sigma, np.maximum(least, np.float32(1e-30)))
    return np.asarray(np.exp(-_over(gaps, sigma)) * named)


def _solve_sigma(gaps: FloatArray, named: npt.NDArray[np.bool_], sigma: FloatArray, wanted: np.float32) -> FloatArray:
    """Sigma such that exp(-gaps / sigma) adds up to `wanted`, by Newton's steps within bounds."""
    low, high = np.zeros_like(sigma), np.full_like(sigma, np.inf)
    for _ in range(40):
        ratios = _over(gaps, sigma)
        parts = np.exp(-ratios) * named
        total, slope = parts.sum(axis=0), (parts * ratios).sum(axis=0)
        open_ = (abs(total - wanted) >= np.float32(1e-4)) & (sigma <= 1e30) & (sigma >= 1e-30)
        if not open_.any():
            break
        above = total > wanted
        low, high = np.where(above, low, sigma), np.where(above, sigma, high)
        # Newton's step in log sigma, where it stays between the bounds; else half way.
        factor = np.clip((wanted - total) / np.maximum(slope, np.float32(1e-20)), -2, 2)
        step = sigma * np.exp(factor)
        half = np.where(np.isinf(high), 2 * sigma, np.float32(0.5) * low + np.float32(0.5) * high)
        sigma = np.where(open_, np.where((low < step) & (step < high), step, half), sigma)
    return np.asarray(sigma)


def _over(gaps: FloatArray, sigma: FloatArray) -> FloatArray:
    """Gaps divided by sigma, at most 80: exp(-80) is still a normal number."""
    with np.errstate(over="ignore"):
        return np.asarray(np.minimum(gaps / sigma, np.float32(80)))


def _unite(own: csr_matrix, back: csr_matrix) -> csr_matrix:
    """The fuzzy union a + b - ab = 1 - (1 - a)(1 - b), without the least weights."""
    with np.errstate(divide="ignore"):
        for matrix in (own, back):
            matrix.data = -np.log(1 - matrix.data)
    union = own + back
    union.data = 1 - np.exp(-union.data)
    union.data[union.data < _LEAST_WEIGHT] = 0
    union.eliminate_zeros()
    return union


def _merge_lanes(
    lanes: dict[int, csr_matrix], n: int, check_stop: Callable[[], None]
) -> tuple[csr_matrix, npt.NDArray[np.uint8]]:
    """The largest weight of all lanes, and every lane's share of it."""
    merged = csr_matrix((n, n), dtype=np.float32)
    for lane in lanes.values():
        check_stop()
        merged = merged.maximum(lane)
    shares = np.zeros((merged.nnz, N_LANES), dtype=np.uint8)
    numbers = csr_matrix((np.arange(1, merged.nnz + 1, dtype=np.int32), merged.indices, merged.indptr), shape=(n, n))
    for s, lane in lanes.items():
        check_stop()
        # A product with ones picks, entry by entry, the place of the lane's edge among the merged ones.
        ones = csr_matrix((np.ones(lane.nnz, np.int32), lane.indices, lane.indptr), shape=(n, n))
        edges = ones.multiply(numbers).data - 1
        shares[edges, s] = np.rint(lane.data / merged.data[edges] * np.float32(255)).astype(np.uint8)
    return merged, shares


def row_blocks(group_starts: IntArray) -> IntArray:
    """int32 (B, 4): layout rows [first, last) and the first and last row of their group; never depends on threads."""
    blocks = []
    for low, high in pairwise(group_starts):
        edges = np.linspace(low, high, _N_BLOCKS + 1).astype(np.int32)
        blocks += [(a, b, low, high) for a, b in pairwise(edges) if b > a]
    return np.asarray(blocks, dtype=np.int32).reshape(-1, 4)

"""Exact nearest neighbours by squared distance: matrix products tile by tile, then exact distances of candidates."""
# Kernels: numba derives their types.
# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False

from __future__ import annotations

import numpy as np

from tb_neuromapper.numerics.kernels import FAST, insert, kernel, squared_distance
from tb_neuromapper.numerics.threads import Threads
from tb_neuromapper.numerics.types import FloatArray, IntArray

# A tile of 1,024 x 1,024 float32 is 4 MB and stays in the cache between the product and the scan.
_TILE = 1024
# Candidates kept beyond the k-th, so that rounding in the product cannot lose a neighbour.
_N_SPARE = 12
_COLUMNS = 32


def search_exact(table: FloatArray, k: int, threads: Threads) -> tuple[IntArray, FloatArray]:
    """The k nearest other rows of every row by (squared distance, row), and the squared distances.

    Only tiles on and above the diagonal are multiplied: each serves its rows and its columns. Products of matrices
    round differently from library to library; every candidate within that rounding is measured again, so the result
    is that of sorting all distances.

    Args:
        table: float32 (n, d), finite, C-contiguous.
        k: From 1 to n - 1.
        threads: To run on.

    Returns:
        ids: int32 (n, k).
        squares: float32 (n, k).
    """
    n = len(table)
    shifted = table - table.mean(axis=0, dtype=np.float64).astype(np.float32)
    scale = np.abs(shifted).max()
    if scale > 0:
        shifted /= scale
    squares = np.einsum("ij,ij->i", shifted, shifted)
    ones = np.ones(n, np.float32)
    # |x|^2 + |y|^2 - 2 x.y in one product.
    left = np.column_stack([shifted, squares, ones])
    right = np.column_stack([-2 * shifted, ones, squares])
    n_kept = min(n - 1, k + _N_SPARE)
    values = np.full((n, n_kept), np.inf, np.float32)
    rows = np.full((n, n_kept), n, np.int32)
    limits = np.full(n, np.inf, np.float32)
    tile = np.empty((min(_TILE, n), min(_TILE, n)), np.float32)
    for top in range(0, n, _TILE):
        for low in range(top, n, _TILE):
            height, width = min(_TILE, n - top), min(_TILE, n - low)
            part = tile if (height, width) == tile.shape else np.empty((height, width), np.float32)
            factors = (left[top : top + _TILE], right[low : low + _TILE].T)
            threads.run(_multiply_rows, height, *factors, part, top, low, limits, values, rows)
            if low > top:
                threads.run(_scan_columns, -(-width // _COLUMNS), part, top, low, limits, values, rows)
    ids, dists = np.full((n, k), n, np.int32), np.full((n, k), np.inf, np.float32)
    threads.run(_measure, n, table, squares, values, rows, ids, dists, most=_TILE)
    return ids, dists


def _multiply_rows(first, last, left, right, tile, top, low, limits, values, rows):
    """Compute rows of a tile and scan them while they are in the cache."""
    np.matmul(left[first:last], right, out=tile[first:last])
    if low == top:
        own = np.arange(first, last)
        tile[own, own] = np.inf
    _scan_rows(first, last, tile, top, low, limits, values, rows)


@kernel(fastmath=FAST)
def _scan_rows(first, last, tile, top, low, limits, values, rows):
    """Offer the tile's columns to the lists of its rows; `limits` holds the last value of every list."""
    n = tile.shape[1]
    for r in range(first, last):
        scores = tile[r]
        own = top + r
        limit = limits[own]
        for begin in range(0, n, _COLUMNS):
            end = begin + _COLUMNS
            if end > n:
                end = n
            least = limit
            for j in range(begin, end):
                if scores[j] < least:
                    least = scores[j]
            if least < limit:
                for j in range(begin, end):
                    if scores[j] < limit:
                        insert(values[own], rows[own], scores[j], low + j)
                        limit = values[own, -1]
        limits[own] = limit


@kernel(fastmath=FAST)
def _scan_columns(first, last, tile, top, low, limits, values, rows):
    """Offer the tile's rows to the lists of its columns, _COLUMNS columns at a time."""
    for chunk in range(first, last):
        begin = chunk * _COLUMNS
        bounds = limits[low + begin : low + begin + _COLUMNS]
        for r in range(tile.shape[0]):
            scores = tile[r, begin : begin + _COLUMNS]
            least = np.float32(0.0)
            for j in range(scores.shape[0]):
                gap = scores[j] - bounds[j]
                if gap < least:
                    least = gap
            if least < 0:
                for j in range(scores.shape[0]):
                    if scores[j] < bounds[j]:
                        own = low + begin + j
                        insert(values[own], rows[own], scores[j], top + r)
                        bounds[j] = values[own, -1]


@kernel()
def _measure(first, last, table, squares, values, rows, ids, dists):
    """Measure the candidates exactly; where rounding hides more than were kept (duplicates), all rows."""
    n, n_kept, end = table.shape[0], values.shape[1], ids.shape[1] - 1
    for row in range(first, last):
        features, best, near = table[row], dists[row], ids[row]
        reach = abs(values[row, end])
        # Rounding is below 1e-6 of |x| |y|, and |y| is at most |x| plus the distance.
        edge = reach + np.float32(8e-6) * (squares[row] + reach)
        hidden = n_kept < n - 1 and values[row, n_kept - 1] <= edge
        for c in range(n if hidden else n_kept):
            if not hidden and values[row, c] > edge:
                break
            other = c if hidden else np.int64(rows[row, c])
            exact = squared_distance(features, table[other])
            if other != row and (exact < best[end] or (exact == best[end] and other < near[end])):
                insert(best, near, exact, other)

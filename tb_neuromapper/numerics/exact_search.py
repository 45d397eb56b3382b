"""Exact nearest neighbours by squared distance: products of matrices tile by tile, then measured again exactly."""
# Kernels: numba derives their types.
# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False

from __future__ import annotations

import numba
import numpy as np

from tb_neuromapper.numerics.threads import Threads
from tb_neuromapper.numerics.types import FloatArray, IntArray

# A tile of 1,024 x 1,024 float32 is 4 MB and stays in the cache between the product and the scan.
_TILE = 1024
# Candidates kept beyond the k-th, so that rounding in the product cannot lose a neighbour.
_N_SPARE = 12
_COLUMNS = 32
# min() may ignore NaN and the sign of zero: then it is one vector instruction. Infinities do occur.
_FLAGS = {"nnan", "nsz", "contract", "reassoc"}


def search_exact(table: FloatArray, k: int, threads: Threads) -> tuple[IntArray, FloatArray]:
    """The k nearest other rows of every row by (squared distance, row), and the squared distances.

    Only tiles on and above the diagonal are multiplied: each serves its rows and its columns. Products of matrices
    round differently from library to library; every candidate within that rounding is measured again, so the result
    is that of sorting all distances.

    Args:
        table: float32 (n, d), finite, C-contiguous.
        k: From 1 to n - 1.
        threads: To run on.
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
    ids, dists = np.empty((n, k), np.int32), np.empty((n, k), np.float32)
    tile = np.empty((min(_TILE, n), min(_TILE, n)), np.float32)
    for top in range(0, n, _TILE):
        for low in range(top, n, _TILE):
            part = tile[: min(_TILE, n - top), : min(_TILE, n - low)]
            if part.shape != tile.shape:
                part = np.empty(part.shape, np.float32)
            np.matmul(left[top : top + _TILE], right[low : low + _TILE].T, out=part)
            threads.run(_scan_rows, len(part), part, top, low, values, rows)
            if low > top:
                n_chunks = -(-part.shape[1] // _COLUMNS)
                threads.run(_scan_columns, n_chunks, part, top, low, values, rows)
    threads.run(_measure, n, table, squares, values, rows, ids, dists, most=_TILE)
    return ids, dists


@numba.njit(cache=True, nogil=True, error_model="numpy")
def sink(values, rows, value, row):
    """Replace the top of a heap whose top is the largest (value, row)."""
    n = values.shape[0]
    i = 0
    while True:
        child = 2 * i + 1
        if child >= n:
            break
        other = child + 1
        if other < n and (
            values[other] > values[child] or (values[other] == values[child] and rows[other] > rows[child])
        ):
            child = other
        if values[child] < value or (values[child] == value and rows[child] <= row):
            break
        values[i], rows[i] = values[child], rows[child]
        i = child
    values[i], rows[i] = value, row


@numba.njit(cache=True, nogil=True, error_model="numpy")
def sort_pairs(values, rows):
    """Insertion sort by (value, row)."""
    for i in range(1, values.shape[0]):
        value, row = values[i], rows[i]
        j = i - 1
        while j >= 0 and (values[j] > value or (values[j] == value and rows[j] > row)):
            values[j + 1], rows[j + 1] = values[j], rows[j]
            j -= 1
        values[j + 1], rows[j + 1] = value, row


@numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
def squared_distance(x, y):
    total = np.float32(0.0)
    for d in range(x.shape[0]):
        total += (x[d] - y[d]) * (x[d] - y[d])
    return total


@numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=_FLAGS)
def _scan_rows(first, last, tile, top, low, values, rows):
    """Offer the tile's columns to the heaps of its rows."""
    n = tile.shape[1]
    for r in range(first, last):
        scores = tile[r]
        own = top + r
        heap, ids = values[own], rows[own]
        limit = heap[0]
        for begin in range(0, n, _COLUMNS):
            end = min(begin + _COLUMNS, n)
            least = scores[begin]
            for j in range(begin, end):
                least = min(least, scores[j])
            if least < limit:
                for j in range(begin, end):
                    if scores[j] < limit and low + j != own:
                        sink(heap, ids, scores[j], low + j)
                        limit = heap[0]


@numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=_FLAGS)
def _scan_columns(first, last, tile, top, low, values, rows):
    """Offer the tile's rows to the heaps of its columns, _COLUMNS columns at a time."""
    limits = np.empty(_COLUMNS, np.float32)
    for chunk in range(first, last):
        begin = chunk * _COLUMNS
        n = min(_COLUMNS, tile.shape[1] - begin)
        for j in range(n):
            limits[j] = values[low + begin + j, 0]
        for r in range(tile.shape[0]):
            scores = tile[r, begin : begin + n]
            least = scores[0] - limits[0]
            for j in range(n):
                least = min(least, scores[j] - limits[j])
            if least < 0:
                for j in range(n):
                    if scores[j] < limits[j]:
                        column = low + begin + j
                        sink(values[column], rows[column], scores[j], top + r)
                        limits[j] = values[column, 0]


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _measure(first, last, table, squares, values, rows, ids, dists):
    """Measure the candidates exactly; where rounding hides more than were kept (duplicates), all rows."""
    n, k, n_kept = table.shape[0], ids.shape[1], values.shape[1]
    for row in range(first, last):
        sort_pairs(values[row], rows[row])
        kth = values[row, k - 1]
        if kth < 0:
            kth = np.float32(0.0)
        square = squares[row]
        # Rounding is below 1e-6 of |x| |y|, and |y| is at most |x| plus the distance.
        edge = kth + np.float32(8e-6) * (square + kth)
        best, near = dists[row], ids[row]
        best[:] = np.inf
        near[:] = n
        if n_kept < n - 1 and values[row, n_kept - 1] <= edge:
            for other in range(n):
                if other != row:
                    _offer_exact(table, row, other, best, near)
        else:
            for c in range(n_kept):
                if values[row, c] <= edge:
                    _offer_exact(table, row, np.int64(rows[row, c]), best, near)
        sort_pairs(best, near)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _offer_exact(table, row, other, best, near):
    exact = squared_distance(table[row], table[other])
    if exact < best[0] or (exact == best[0] and other < near[0]):
        sink(best, near, exact, other)

"""Nearest neighbours of every sample of a slice."""

# Kernels: numba derives their types.
# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from tb_neuromapper.numerics.types import FloatArray, IntArray, Neighbors

_ALIASES = {
    "euclidean": "euclidean",
    "l2": "euclidean",
    "cosine": "cosine",
    "correlation": "correlation",
    "manhattan": "manhattan",
    "cityblock": "manhattan",
    "taxicab": "manhattan",
    "l1": "manhattan",
    "chebyshev": "chebyshev",
    "linfinity": "chebyshev",
    "linfty": "chebyshev",
    "linf": "chebyshev",
}
METRICS = tuple(_ALIASES)
# Rows of a product of matrices that stay in the cache: 512 x 10,000 float32 are 20 MB.
_N_PRODUCTS = 1 << 22
# Candidates kept beyond the k-th, so that rounding in the product cannot lose a neighbour.
_N_SPARE = 16


def find_neighbors(points: npt.ArrayLike, *, n_neighbors: int, metric: str = "euclidean", seed: int = 0) -> Neighbors:
    """The nearest other samples of every sample, nearest first, ties by row.

    Args:
        points: (n, d), any real numbers; used as float32.
        n_neighbors: Columns of the result, the sample itself not counted; fewer if there are fewer other samples.
        metric: One of METRICS. cosine and correlation are 1 - r, in [0, 2]; rows of zero length are at 0 from one
            another and at 1 from all others.
        seed: Of approximate search.

    Returns:
        ids and dists, both (n, min(n_neighbors, n - 1)).

    Raises:
        ValueError: Not a table of finite numbers, no rows, n_neighbors below 1, an unknown metric.
    """
    name = check_metric(metric)
    table = check_points(points)
    if n_neighbors < 1:
        raise ValueError(f"n_neighbors is {n_neighbors}; at least 1 neighbour is needed.")
    k = min(int(n_neighbors), len(table) - 1)
    if k == 0:
        return Neighbors(np.empty((len(table), 0), np.int32), np.empty((len(table), 0), np.float32))
    if name in ("manhattan", "chebyshev"):
        ids, dists = _scan_all(table, k, name == "chebyshev")
        return Neighbors(ids, dists)
    ids, squares = _search_exact(to_euclidean(table, name), k)
    return Neighbors(ids, squares * np.float32(0.5) if name != "euclidean" else np.sqrt(squares))


def check_metric(metric: str) -> str:
    """The canonical name of a metric.

    Raises:
        ValueError: An unknown metric.
    """
    if not isinstance(metric, str) or metric not in _ALIASES:
        raise ValueError(f"metric {metric!r} is unknown; allowed are {', '.join(METRICS)}.")
    return _ALIASES[metric]


def check_points(points: npt.ArrayLike, name: str = "points") -> FloatArray:
    """A table of finite numbers as C-contiguous float32.

    Raises:
        ValueError: Not two-dimensional, not numbers, no rows or columns, NaN or infinities (the row is named).
    """
    array = np.asarray(points)
    if array.ndim != 2 or array.dtype.kind not in "fiub":
        raise ValueError(f"{name} are {array.dtype} of shape {array.shape}; a table (n, d) of real numbers is needed.")
    if array.shape[0] == 0 or array.shape[1] == 0:
        raise ValueError(f"{name} have shape {array.shape}; at least one row and one column are needed.")
    with np.errstate(over="ignore"):
        table = np.ascontiguousarray(array, dtype=np.float32)
    finite = np.isfinite(table).all(axis=1)
    if not finite.all():
        row = int(np.argmin(finite))
        raise ValueError(f"row {row} of {name} holds NaN or an infinity (as float32); only finite numbers are allowed.")
    return table


def to_euclidean(table: FloatArray, metric: str) -> FloatArray:
    """Points whose euclidean distances rank as the metric's do (cosine, correlation), or the points themselves."""
    name = check_metric(metric)
    return _to_sphere(table, centre=name == "correlation") if name in ("cosine", "correlation") else table


def _to_sphere(table: FloatArray, centre: bool) -> FloatArray:
    """Rows of unit length, so that half the squared distance is 1 - r; a column apart marks rows of zero length."""
    rows = table.astype(np.float64)
    if centre:
        rows -= rows.mean(axis=1, keepdims=True)
    largest = np.abs(rows).max(axis=1, keepdims=True)
    zero = largest[:, 0] <= (1e-6 * np.abs(table).max(axis=1) if centre else 0)
    rows /= np.where(zero, 1, largest[:, 0])[:, None]
    rows /= np.where(zero, 1, np.linalg.norm(rows, axis=1))[:, None]
    rows[zero] = 0
    return np.ascontiguousarray(np.hstack([rows, zero[:, None]]), dtype=np.float32)


def _search_exact(table: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
    """Ids and squared distances by products of matrices; what the product finds is measured again exactly."""
    n = len(table)
    centre = table.mean(axis=0, dtype=np.float64)
    shifted = np.ascontiguousarray(table - centre.astype(np.float32))
    scale = np.abs(shifted).max()
    if scale > 0:
        shifted /= scale
    squares = np.einsum("ij,ij->i", shifted, shifted)
    # score = |y|^2 - 2 x.y: the squared distance but for |x|^2, which is the same along a row.
    right = np.hstack([-2 * shifted, squares[:, None]]).T
    left = np.hstack([shifted, np.ones((n, 1), np.float32)])
    ids, dists = np.empty((n, k), np.int32), np.empty((n, k), np.float32)
    n_rows = max(1, min(n, _N_PRODUCTS // n))
    scores = np.empty((n_rows, n), np.float32)
    for first in range(0, n, n_rows):
        last = min(n, first + n_rows)
        np.matmul(left[first:last], right, out=scores[: last - first])
        _select(table, squares, scores[: last - first], first, k, min(n - 1, k + _N_SPARE), ids, dists)
    return ids, dists


@numba.njit(cache=True)
def _sink(values, rows, n, value, row):
    """Replace the top of a heap of the n smallest (value, row)."""
    i = 0
    while True:
        child = 2 * i + 1
        if child >= n:
            break
        other = child + 1
        if other < n and (values[other], rows[other]) > (values[child], rows[child]):
            child = other
        if (values[child], rows[child]) <= (value, row):
            break
        values[i], rows[i] = values[child], rows[child]
        i = child
    values[i], rows[i] = value, row


@numba.njit(cache=True)
def _sort(values, rows, n):
    """Insertion sort by (value, row)."""
    for i in range(1, n):
        value, row = values[i], rows[i]
        j = i - 1
        while j >= 0 and (values[j], rows[j]) > (value, row):
            values[j + 1], rows[j + 1] = values[j], rows[j]
            j -= 1
        values[j + 1], rows[j + 1] = value, row


@numba.njit(fastmath=True, cache=True)
def _squared(x, y):
    total = np.float32(0.0)
    for d in range(x.shape[0]):
        total += (x[d] - y[d]) * (x[d] - y[d])
    return total


@numba.njit(parallel=True, cache=True)
def _select(points, squares, scores, first, k, n_kept, ids, dists):
    """The k nearest by (squared distance, row) of rows first, first + 1, ... from approximate scores."""
    n = points.shape[0]
    for r in numba.prange(scores.shape[0]):
        row = first + r
        score = scores[r]
        score[row] = np.inf
        values = np.full(n_kept, np.inf, np.float32)
        rows = np.full(n_kept, n, np.int32)
        limit = np.float32(np.inf)
        for begin in range(0, n, 16):
            end = min(begin + 16, n)
            least = score[begin]
            for j in range(begin + 1, end):
                least = min(least, score[j])
            if least < limit:
                for j in range(begin, end):
                    if score[j] < limit:
                        _sink(values, rows, n_kept, score[j], j)
                        limit = values[0]
        _sort(values, rows, n_kept)
        reach = np.sqrt(squares[row]) + np.sqrt(max(values[k - 1] + squares[row], np.float32(0.0)))
        edge = values[k - 1] + np.float32(1e-5) * (squares[row] + reach * reach)
        best = np.full(k, np.inf, np.float32)
        near = np.full(k, n, np.int32)
        if n_kept < n - 1 and values[n_kept - 1] <= edge:
            # More candidates than were kept lie within rounding of the k-th: duplicates, mostly.
            for j in range(n):
                if score[j] <= edge:
                    exact = _squared(points[row], points[j])
                    if (exact, j) < (best[0], near[0]):
                        _sink(best, near, k, exact, j)
        else:
            for c in range(n_kept):
                if values[c] <= edge:
                    exact = _squared(points[row], points[rows[c]])
                    if (exact, rows[c]) < (best[0], near[0]):
                        _sink(best, near, k, exact, rows[c])
        _sort(best, near, k)
        ids[row] = near
        dists[row] = best


@numba.njit(fastmath=True, cache=True)
def _manhattan(x, y):
    total = np.float32(0.0)
    for d in range(x.shape[0]):
        total += abs(x[d] - y[d])
    return total


@numba.njit(fastmath=True, cache=True)
def _chebyshev(x, y):
    largest = np.float32(0.0)
    for d in range(x.shape[0]):
        largest = max(largest, abs(x[d] - y[d]))
    return largest


@numba.njit(parallel=True, cache=True)
def _scan_all(points, k, largest_only):
    """The k nearest of every row by measuring every pair."""
    n = points.shape[0]
    ids = np.full((n, k), n, np.int32)
    dists = np.full((n, k), np.inf, np.float32)
    for row in numba.prange(n):
        best, near = dists[row], ids[row]
        for j in range(n):
            if j == row:
                continue
            dist = _chebyshev(points[row], points[j]) if largest_only else _manhattan(points[row], points[j])
            if (dist, j) < (best[0], near[0]):
                _sink(best, near, k, dist, j)
        _sort(best, near, k)
    return ids, dists

"""The nearest neighbours of every sample of a slice, in any metric and of any number of samples."""

# Kernels: numba derives their types.
# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from tb_neuromapper.numerics.features import check_features
from tb_neuromapper.numerics.kernels import helper, insert, kernel
from tb_neuromapper.numerics.neighbors.approximate import search_approximate
from tb_neuromapper.numerics.neighbors.exact import search_exact
from tb_neuromapper.numerics.threads import Threads
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
# Above this, trees and descent are faster than products of matrices.
_MOST_EXACT = 16_000
# Of the largest number to the usual ones, so that the squares of both are normal float32.
_RANGE = 1e34


def find_neighbors(
    features: npt.ArrayLike,
    *,
    n_neighbors: int,
    metric: str = "euclidean",
    seed: int = 0,
    name: str = "features",
    should_stop: Callable[[], bool] | None = None,
) -> Neighbors:
    """The nearest other samples of every sample, nearest first, ties by row.

    Args:
        features: (n, d), any real numbers; used as float32.
        n_neighbors: Columns of the result, the sample itself not counted; fewer if there are fewer other samples.
        metric: One of METRICS. cosine and correlation are 1 - r, in [0, 2]; rows of zero length are at 0 from one
            another and at 1 from all others.
        seed: Of approximate search, above 16,000 samples.
        name: What errors call the table, for example "slice 3".
        should_stop: Called at least every 100 ms; True cancels.

    Returns:
        Ids and distances, both (n, min(n_neighbors, n - 1)).

    Raises:
        ValueError: Not a table of finite numbers, no rows, n_neighbors below 1, an unknown metric, or one row so much
            larger than the others that float32 cannot distinguish these.
        LayoutCancelled: `should_stop` returned True.
    """
    canonical = check_metric(metric)
    table = check_features(features, name)
    if n_neighbors < 1:
        raise ValueError(f"n_neighbors is {n_neighbors}; at least 1 neighbour is needed.")
    k = min(int(n_neighbors), len(table) - 1)
    if k == 0:
        return Neighbors(np.empty((len(table), 0), np.int32), np.empty((len(table), 0), np.float32))
    with Threads(should_stop=should_stop) as threads:
        if canonical in ("cosine", "correlation"):
            ids, squares = _search(to_euclidean(table, canonical), k, seed, threads)
            return Neighbors(ids, squares * np.float32(0.5))
        unit = _choose_unit(np.abs(table).max())
        if canonical == "euclidean":
            if unit > 1:
                _check_range(table, name)
            ids, squares = _search(table / unit, k, seed, threads)
            dists = np.sqrt(squares)
        else:
            ids, dists = _scan(table / unit, k, canonical == "chebyshev", threads)
    with np.errstate(over="ignore"):
        return Neighbors(ids, np.minimum(dists * unit, np.finfo(np.float32).max))


def _choose_unit(peak: np.float32) -> np.float32:
    """The divisor that keeps squares within float32, down to numbers that are _RANGE below the peak."""
    if peak > 1e10:
        return np.float32(peak * 2.0**-53)
    return peak if 0 < peak < 1e-10 else np.float32(1.0)


def _check_range(table: FloatArray, name: str) -> None:
    sizes = np.abs(table).max(axis=1)
    usual = float(np.median(sizes[sizes > 0]))
    if float(sizes.max()) > _RANGE * usual:
        raise ValueError(
            f"row {int(sizes.argmax())} of {name} reaches {sizes.max():.3g}, most rows about {usual:.3g}; squares in "
            f"float32 hold a ratio of {_RANGE:.0e} at most. Scale the row, or leave it out."
        )


def _search(table: FloatArray, k: int, seed: int, threads: Threads) -> tuple[IntArray, FloatArray]:
    if len(table) <= _MOST_EXACT:
        return search_exact(table, k, threads)
    return search_approximate(table, k, seed, threads)


def _scan(table: FloatArray, k: int, largest_only: bool, threads: Threads) -> tuple[IntArray, FloatArray]:
    ids = np.full((len(table), k), len(table), np.int32)
    dists = np.full((len(table), k), np.inf, np.float32)
    most = max(16, 10_000_000 // len(table))
    threads.run(_scan_all, len(table), table, largest_only, ids, dists, most=most)
    return ids, dists


def is_metric(metric: object) -> bool:
    """Whether `find_neighbors` has this metric."""
    return isinstance(metric, str) and metric in _ALIASES


def check_metric(metric: str) -> str:
    """The canonical name of a metric.

    Raises:
        ValueError: An unknown metric.
    """
    if not is_metric(metric):
        raise ValueError(f"metric {metric!r} is unknown; allowed are {', '.join(METRICS)}.")
    return _ALIASES[metric]


def to_euclidean(table: FloatArray, metric: str) -> FloatArray:
    """Features whose Euclidean distances rank as the metric's do.

    Args:
        table: float32 (n, d).
        metric: One of METRICS.

    Returns:
        float32 (n, d + 1) for cosine and correlation; the table itself for all other metrics.

    Raises:
        ValueError: An unknown metric.
    """
    name = check_metric(metric)
    return _to_sphere(table, centre=name == "correlation") if name in ("cosine", "correlation") else table


def _to_sphere(table: FloatArray, centre: bool) -> FloatArray:
    """Rows of unit length, so that half the squared distance is 1 - r; an extra column marks rows of zero length."""
    rows = table.astype(np.float64)
    if centre:
        rows -= rows.mean(axis=1, keepdims=True)
    largest = np.abs(rows).max(axis=1, keepdims=True)
    zero = largest[:, 0] <= (1e-6 * np.abs(table).max(axis=1) if centre else 0)
    rows /= np.where(zero, 1, largest[:, 0])[:, None]
    rows /= np.where(zero, 1, np.linalg.norm(rows, axis=1))[:, None]
    rows[zero] = 0
    return np.ascontiguousarray(np.hstack([rows, zero[:, None]]), dtype=np.float32)


@helper(fastmath=True)
def _manhattan(x, y):
    total = np.float32(0.0)
    for d in range(x.shape[0]):
        total += abs(x[d] - y[d])
    return total


@helper(fastmath=True)
def _chebyshev(x, y):
    largest = np.float32(0.0)
    for d in range(x.shape[0]):
        largest = max(largest, abs(x[d] - y[d]))
    return largest


@kernel()
def _scan_all(first, last, table, largest_only, ids, dists):
    """The nearest of every row by measuring every pair."""
    end = ids.shape[1] - 1
    for row in range(first, last):
        best, near = dists[row], ids[row]
        for j in range(table.shape[0]):
            if j == row:
                continue
            dist = _chebyshev(table[row], table[j]) if largest_only else _manhattan(table[row], table[j])
            if dist < best[end] or (dist == best[end] and j < near[end]):
                insert(best, near, dist, j)

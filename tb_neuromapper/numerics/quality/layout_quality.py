"""How faithful a layout is, measured on a random subset of its samples."""

# Kernels: numba derives their types.
# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tb_neuromapper.numerics.features import check_features
from tb_neuromapper.numerics.kernels import insert, kernel
from tb_neuromapper.numerics.neighbors.find import to_euclidean
from tb_neuromapper.numerics.threads import Threads
from tb_neuromapper.numerics.types import FloatArray, IntArray, LayoutQuality, Neighbors

N_SAMPLES = 150
# Rows of one product: the same parts on any number of threads.
_N_MULTIPLIED = 75
# Rows in float64 at once: they stay in the cache.
_N_WIDENED = 1024


def measure_quality(
    features: npt.ArrayLike,
    neighbors: Neighbors,
    positions: FloatArray,
    previous: FloatArray | None,
    *,
    metric: str = "euclidean",
    k: int = 15,
    n_samples: int = N_SAMPLES,
    seed: int = 0,
) -> LayoutQuality:
    """Trustworthiness, continuity, neighbour preservation and movement of one slice's layout.

    Each is the mean over `n_samples` random samples, whose ranks among all samples are exact; the standard error is
    about 0.3 / sqrt(n_samples) for preservation and a tenth of that for the other two. NaN where nothing can be ranked:
    fewer than three samples have a position, or all have the same one.

    Args:
        features: (n, d).
        neighbors: The slice's neighbours in the metric; with fewer than k columns they are found anew.
        positions: (n, 2); rows that are NaN do not count.
        previous: (n, 2): the same samples in the slice before (NaN where absent), or None.
        metric: Of the features, see `find_neighbors`; ranks in chebyshev and manhattan are euclidean ones.
        k: Number of neighbours compared; at most (n - 1) / 2 is used.
        n_samples: Samples measured, at most n.
        seed: Of the choice of samples.

    Raises:
        ValueError: Shapes that do not agree, or features that are not finite.

    Reference: Venna and Kaski 2001, Neighborhood preservation in nonlinear projection methods.
    """
    table = to_euclidean(check_features(features), metric)
    layout = np.asarray(positions, dtype=np.float32)
    before = None if previous is None else np.asarray(previous, dtype=np.float32)
    _check_rows(table, layout, before)
    movement = None if before is None else mean_movement(layout, before)
    placed = np.flatnonzero(np.isfinite(layout).all(axis=1))
    n = len(placed)
    size = min(k, (n - 1) // 2)
    is_whole = n == len(table)
    if not is_whole:
        table, layout = table[placed], layout[placed]
    if size < 1 or _is_constant(table) or _is_constant(layout):
        return LayoutQuality(np.nan, np.nan, np.nan, movement)
    own = np.sort(np.random.default_rng(seed).permutation(n)[: min(n_samples, n)])
    known_ids = None
    if is_whole and neighbors.ids.shape[1] >= size and (neighbors.ids[own, :size] >= 0).all():
        known_ids = neighbors.ids[own, :size]
    return LayoutQuality(*_compare_ranks(table, layout, own, size, known_ids), movement)


def _check_rows(table: FloatArray, layout: FloatArray, before: FloatArray | None) -> None:
    if layout.shape != (len(table), 2) or (before is not None and before.shape != layout.shape):
        raise ValueError(
            f"{len(table)} rows of features, positions {layout.shape}, previous "
            f"{None if before is None else before.shape}; all need the same rows."
        )


def _compare_ranks(
    table: FloatArray, layout: FloatArray, own: npt.NDArray[np.intp], size: int, far_ids: IntArray | None
) -> tuple[float, float, float]:
    """Trustworthiness, continuity and preservation of m chosen rows.

    Args:
        table: float32 (n, d).
        layout: float32 (n, 2).
        own: (m,): the chosen rows.
        size: Number of neighbours compared.
        far_ids: (m, size): their nearest rows in the table, or None to find them.
    """
    with Threads() as threads:
        far, near = _squares(table, own, threads), _squares(layout, own, threads)
        near_ids = _nearest(near, size, threads)
        if far_ids is None:
            far_ids = _nearest(far, size, threads)
        shared = far_ids[:, :, None] == near_ids[:, None, :]
        trust = _rank_penalty(far, near_ids, ~shared.any(axis=1), size, threads)
        continuity = _rank_penalty(near, far_ids, ~shared.any(axis=2), size, threads)
    return trust, continuity, float(shared.any(axis=2).mean())


def mean_movement(positions: FloatArray, previous: FloatArray) -> float:
    """Mean distance between two layouts of the same samples over the RMS radius of the first; NaN rows do not count."""
    both = np.isfinite(positions).all(axis=1) & np.isfinite(previous).all(axis=1)
    if not both.any():
        return 0.0
    own = positions[both].astype(np.float64)
    radius = float(np.sqrt(np.mean(np.sum((own - own.mean(axis=0)) ** 2, axis=1))))
    moved = float(np.mean(np.linalg.norm(own - previous[both], axis=1)))
    return moved / radius if radius > 0 else 0.0


def _squares(table: FloatArray, own: npt.NDArray[np.intp], threads: Threads) -> FloatArray:
    """Squared distances of the chosen rows to all rows, infinite to themselves; each row up to a sum and a factor."""
    with np.errstate(over="ignore", invalid="ignore"):
        centred = table - table.mean(axis=0)
        norms = np.einsum("ij,ij->i", centred, centred)
        if not 1e-20 < norms.max() < 1e34:
            return _wide_squares(table, own)
    squares = np.empty((len(own), len(table)), np.float32)
    threads.run(_multiply, -(-len(own) // _N_MULTIPLIED), centred[own], centred.T, squares)
    squares *= -2
    squares += norms
    squares[np.arange(len(own)), own] = np.inf
    # Where neighbours are near one another and far from the mean, float32 leaves little of their differences.
    norms = norms[own]
    rough = (squares.min(axis=1) + norms < 1e-4 * norms) | (norms > 1e4 * np.median(norms))
    if rough.any():
        squares[rough] = _wide_squares(table, own[rough])
    return np.asarray(squares, dtype=np.float32)


def _multiply(first, last, left, right, out):
    """Products of so many rows at once, whoever does them: their rounding does not depend on the number of threads."""
    for begin in range(first * _N_MULTIPLIED, min(last * _N_MULTIPLIED, len(left)), _N_MULTIPLIED):
        rows = slice(begin, begin + _N_MULTIPLIED)
        np.matmul(left[rows], right, out=out[rows])


def _wide_squares(table: FloatArray, own: npt.NDArray[np.intp]) -> FloatArray:
    """The same by products in float64, relative to the median, where one far row does not drown the others."""
    centre = np.median(table[own], axis=0).astype(np.float64)
    chosen = table[own] - centre
    norms = np.einsum("ij,ij->i", chosen, chosen)[:, None]
    squares = np.empty((len(own), len(table)))
    for first in range(0, len(table), _N_WIDENED):
        part = table[first : first + _N_WIDENED] - centre
        squares[:, first : first + _N_WIDENED] = np.einsum("ij,ij->i", part, part) + norms - 2 * (chosen @ part.T)
    squares *= 1e36 / max(squares.max(), 1e-300)
    squares[np.arange(len(own)), own] = np.inf
    return squares.astype(np.float32)


def _is_constant(table: FloatArray) -> bool:
    return bool((table[-1] == table[0]).all() and (table == table[0]).all())


def _nearest(squares: FloatArray, size: int, threads: Threads) -> IntArray:
    ids = np.full((len(squares), size), squares.shape[1], np.int32)
    values = np.full(ids.shape, np.inf, np.float32)
    threads.run(_pick_nearest, len(squares), squares, values, ids)
    return ids


def _rank_penalty(
    squares: FloatArray, shown: IntArray, foreign: npt.NDArray[np.bool_], size: int, threads: Threads
) -> float:
    """1 - the mean rank excess of shown neighbours that are not true neighbours, normalised to [0, 1]."""
    excess = np.zeros(len(squares), np.int64)
    threads.run(_sum_excess, len(squares), squares, shown, foreign, size, excess)
    most = len(squares) * size * (2 * squares.shape[1] - 3 * size - 1)
    return float(1.0 - 2.0 * excess.sum() / most)


@kernel()
def _sum_excess(first, last, squares, shown, foreign, size, excess):
    for row in range(first, last):
        for m in range(shown.shape[1]):
            if not foreign[row, m]:
                continue
            dist = squares[row, shown[row, m]]
            rank = 1
            for j in range(squares.shape[1]):
                rank += squares[row, j] < dist
            excess[row] += max(0, rank - size)


@kernel()
def _pick_nearest(first, last, squares, values, ids):
    end = ids.shape[1] - 1
    for row in range(first, last):
        for j in range(squares.shape[1]):
            if squares[row, j] < values[row, end]:
                insert(values[row], ids[row], squares[row, j], j)

"""Initial positions: a spectral layout of one group of slices, passed on to the samples of the other groups."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from tb_neuromapper.numerics.layout.graph import LayoutGraph
from tb_neuromapper.numerics.layout.tracks import Tracks
from tb_neuromapper.numerics.types import FloatArray

_EXTENT = 10.0
_N_VECTORS = 6
_N_ROUNDS = 6
_DEGREE = 12


def initial_positions(graph: LayoutGraph, tracks: Tracks, seed: int, check_stop: Callable[[], None]) -> FloatArray:
    """Initial positions of all layout rows, the same for the same sample in all groups.

    Args:
        graph: Edges of R rows.
        tracks: Where the samples lie.
        seed: Of the spectral layout's random vectors.
        check_stop: Called between products; raises LayoutCancelled to cancel.

    Returns:
        float32 (R, 2), most of it in [-10, 10].
    """
    n_groups = len(tracks.group_starts) - 1
    random = np.random.default_rng(seed)
    result = np.full((int(tracks.group_starts[-1]), 2), np.nan, dtype=np.float32)
    middle = n_groups // 2
    low, high = tracks.group_starts[middle], tracks.group_starts[middle + 1]
    result[low:high] = spectral_layout(group_matrix(graph, tracks, middle), random, check_stop)
    for group in [*range(middle + 1, n_groups), *range(middle - 1, -1, -1)]:
        rows = slice(int(tracks.group_starts[group]), int(tracks.group_starts[group + 1]))
        known = _known_from_next(result, tracks, rows, forward=group > middle)
        result[rows] = fill_from_neighbors(known, group_matrix(graph, tracks, group), random)
        check_stop()
    return result


def _known_from_next(result: FloatArray, tracks: Tracks, rows: slice, forward: bool) -> FloatArray:
    """Positions of a group's rows whose samples are in the adjoining slice of the group that has positions."""
    flats = tracks.flats[rows]
    known = np.full((len(flats), 2), np.nan, dtype=np.float32)
    link = tracks.preceding if forward else tracks.following
    if not len(flats):
        return known
    lane = 0 if forward else flats.shape[1] - 1
    own = np.flatnonzero(flats[:, lane] >= 0)
    there = link[flats[own, lane]]
    own, there = own[there >= 0], there[there >= 0]
    known[own] = result[tracks.rows[there]]
    return known


def fill_from_neighbors(known: FloatArray, matrix: csr_matrix, random: np.random.Generator) -> FloatArray:
    """Fill rows that are NaN with the weighted mean of their neighbours, ring by ring, and unreachable rows at random.

    Args:
        known: float32 (n, 2); NaN where unknown.
        matrix: (n, n) weights.
        random: Of the places of unreachable rows, and of a small jitter of all filled ones.

    Returns:
        float32 (n, 2) without NaN.
    """
    filled = known.copy()
    for _ in range(32):
        missing = np.isnan(filled[:, 0])
        if not missing.any() or missing.all():
            break
        values = np.where(missing[:, None], 0, filled)
        mass = matrix @ (~missing).astype(np.float32)
        reachable = missing & (mass > 0)
        if not reachable.any():
            break
        filled[reachable] = (matrix @ values)[reachable] / mass[reachable, None]
    missing = np.isnan(filled[:, 0])
    extent = np.nanmax(np.abs(known)) if not np.isnan(known).all() else _EXTENT
    filled[missing] = random.uniform(-extent, extent, (int(missing.sum()), 2))
    # Rows at one point would never part: equal positions exert no force.
    filled += random.normal(0, 1e-3, filled.shape) * np.isnan(known)
    return filled


def group_matrix(graph: LayoutGraph, tracks: Tracks, group: int) -> csr_matrix:
    """The mean graph of a group's slices: (n, n) weights in [0, 1], n the group's layout rows."""
    low, high = (int(value) for value in tracks.group_starts[group : group + 2])
    begin, end = int(graph.indptr[low]), int(graph.indptr[high])
    weights = graph.rates[begin:end] * graph.shares[begin:end].mean(axis=1, dtype=np.float32)
    parts = (weights / np.float32(255), graph.tails[begin:end] - low, graph.indptr[low : high + 1] - begin)
    return csr_matrix(parts, shape=(high - low, high - low))


def spectral_layout(matrix: csr_matrix, random: np.random.Generator, check_stop: Callable[[], None]) -> FloatArray:
    """A spectral layout of a graph, component by component if it is not connected.

    Args:
        matrix: (n, n) symmetric weights.
        random: Of the first vectors, and of degenerate components.
        check_stop: Called between products; raises LayoutCancelled to cancel.

    Returns:
        float32 (n, 2): the largest component within [-10, 10], the others on a spiral around it.

    Reference: Belkin and Niyogi 2003, Laplacian eigenmaps; Zhou et al. 2006, Chebyshev-filtered subspace iteration.
    """
    n = matrix.shape[0]
    if n == 0:
        return np.zeros((0, 2), np.float32)
    if n == 1:
        return np.zeros((1, 2), np.float32)
    degrees = np.asarray(matrix.sum(axis=1)).ravel()
    inverse = np.where(degrees > 0, 1 / np.sqrt(np.maximum(degrees, 1e-12)), 0).astype(np.float32)
    walk = matrix.multiply(inverse[:, None]).multiply(inverse[None, :]).tocsr()
    _, part_of = connected_components(matrix, directed=False)
    order = np.argsort(part_of, kind="stable")
    parts = np.split(order, np.cumsum(np.bincount(part_of))[:-1])
    vectors = random.normal(size=(n, _N_VECTORS)).astype(np.float32)
    cut = 0.5
    vectors, values = _orthonormalize(vectors, walk, parts, np.sqrt(degrees))
    for _ in range(_N_ROUNDS):
        vectors = _filter(walk, vectors, cut, check_stop)
        vectors, values = _orthonormalize(vectors, walk, parts, np.sqrt(degrees))
        cut = float(np.clip(values, 0.5, 0.995))
    layout = vectors[:, :2] * inverse[:, None]
    return _place_parts(layout, parts, random)


def _filter(walk: csr_matrix, vectors: FloatArray, cut: float, check_stop: Callable[[], None]) -> FloatArray:
    """A Chebyshev polynomial of the walk that is small on [-1, cut] and grows fast above."""
    centre, half = (cut - 1) / 2, (cut + 1) / 2
    before, now = vectors, (walk @ vectors - centre * vectors) / half
    for _ in range(_DEGREE - 1):
        check_stop()
        before, now = now, 2 * (walk @ now - centre * now) / half - before
        scale = 1 / max(np.abs(now).max(), 1e-30)
        before, now = (before * scale).astype(np.float32), (now * scale).astype(np.float32)
    return np.asarray(now, dtype=np.float32)


def _orthonormalize(
    vectors: FloatArray, walk: csr_matrix, parts: list[npt.NDArray[np.intp]], trivial: npt.NDArray[np.float64]
) -> tuple[FloatArray, float]:
    """Rayleigh-Ritz within every component, the trivial vector removed; also the least Ritz value of the largest."""
    products = walk @ vectors
    result = np.zeros_like(vectors)
    least, largest = 0.5, 0
    for rows in parts:
        if len(rows) < 4:
            continue
        block, product = vectors[rows].astype(np.float64), products[rows].astype(np.float64)
        unit = trivial[rows] / np.linalg.norm(trivial[rows])
        block -= np.outer(unit, np.einsum("i,ij->j", unit, block))
        product -= np.outer(unit, np.einsum("i,ij->j", unit, product))
        gram = np.einsum("ij,ik->jk", block, block)
        scales, basis = np.linalg.eigh(gram)
        keep = scales > 1e-10 * max(scales.max(), 1e-300)
        basis = basis[:, keep] / np.sqrt(scales[keep])
        reduced = basis.T @ np.einsum("ij,ik->jk", block, product) @ basis
        ritz, rotation = np.linalg.eigh((reduced + reduced.T) / 2)
        best = (block @ (basis @ rotation[:, ::-1])).astype(np.float32)
        result[rows, : best.shape[1]] = best
        if len(rows) > largest:
            largest, least = len(rows), float(ritz[0])
    return result, least


def _place_parts(layout: FloatArray, parts: list[npt.NDArray[np.intp]], random: np.random.Generator) -> FloatArray:
    """Scale every component to its share of the plane, the largest in the middle, the others on a spiral."""
    n = len(layout)
    result = np.zeros((n, 2), dtype=np.float32)
    area = 0.0
    for rank, rows in enumerate(sorted(parts, key=lambda rows: (-len(rows), rows[0]))):
        radius = _EXTENT * np.sqrt(len(rows) / n)
        local = layout[rows] - layout[rows].mean(axis=0)
        size = np.abs(local).max(axis=0)
        local = np.where(size > 1e-12, local / np.maximum(size, 1e-12), random.uniform(-1, 1, local.shape))
        angle = rank * 2.399963
        distance = 0.0 if rank == 0 else _EXTENT * np.sqrt(area / n) * 1.5 + radius
        result[rows] = radius * local + distance * np.array([np.cos(angle), np.sin(angle)])
        area += len(rows)
    result += random.normal(0, 1e-3, result.shape)
    return result.astype(np.float32)

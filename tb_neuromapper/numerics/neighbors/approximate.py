"""Approximate nearest neighbours of many rows: random projection trees, then neighbours of neighbours.

Reference: Dasgupta and Freund 2008, Random projection trees; Dong, Charikar and Li 2011, NN-descent. Unlike theirs,
a round reads the lists of the round before and writes each row's own, so the result does not depend on threads.
"""
# Kernels: numba derives their types.
# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tb_neuromapper.numerics.kernels import helper, insert, kernel, squared_distance
from tb_neuromapper.numerics.threads import Threads
from tb_neuromapper.numerics.types import FloatArray, IntArray

_N_TREES = 5
_LEAF = 160
_N_ROUNDS = 6
# Neighbours of neighbours and rows that name a row, looked at per row and round.
_N_FORWARD = 15
_N_BACKWARD = 15
_SETTLED = 0.002
# Rows between two checks whether to stop.
_MOST = 8_000


def search_approximate(table: FloatArray, k: int, seed: int, threads: Threads) -> tuple[IntArray, FloatArray]:
    """Approximately the k nearest other rows of every row by (squared distance, row), and the squared distances.

    Args:
        table: float32 (n, d), finite, C-contiguous.
        k: From 1 to n - 1.
        seed: Same seed, same result.
        threads: To run on.

    Returns:
        ids: int32 (n, k).
        squares: float32 (n, k).
    """
    n = len(table)
    n_kept = min(n - 1, max(k, 2 * _N_FORWARD))
    random = np.random.default_rng(seed)
    values = np.full((n, n_kept), np.inf, np.float32)
    rows = np.full((n, n_kept), n, np.int32)
    for _ in range(_N_TREES):
        order, edges = _grow_tree(table, random, threads)
        threads.run(_meet_leaf, len(edges) - 1, table, order, edges, values, rows, most=_MOST // _LEAF)
    for _ in range(_N_ROUNDS):
        starts, heads = _backward(rows, _N_FORWARD)
        n_new = np.zeros(n, np.int64)
        threads.run(_meet_neighbors, n, table, rows.copy(), starts, heads, values, rows, n_new, most=_MOST)
        if n_new.sum() < _SETTLED * n * k:
            break
    return np.ascontiguousarray(rows[:, :k]), np.ascontiguousarray(values[:, :k])


def _grow_tree(
    table: FloatArray, random: np.random.Generator, threads: Threads
) -> tuple[IntArray, npt.NDArray[np.int64]]:
    """An order of the rows in which leaves are runs, and where the leaves begin.

    All nodes of a level are split at the median of their projection on one direction, the difference of two rows.
    """
    n = len(table)
    n_levels = max(0, int(np.ceil(np.log2(n / _LEAF))))
    pairs = random.integers(0, n, (2, max(1, n_levels)))
    directions = table[pairs[0]] - table[pairs[1]]
    directions += 1e-3 * random.normal(size=directions.shape).astype(np.float32)
    heights = np.empty((n, len(directions)), np.float32)
    threads.run(_dot_rows, n, table, directions, heights, most=_MOST)
    order = random.permutation(n)
    edges = np.array([0, n])
    for level in range(n_levels):
        node = np.repeat(np.arange(len(edges) - 1), np.diff(edges))
        order = order[np.lexsort((order, heights[order, level], node))]
        edges = np.unique(np.concatenate([edges, (edges[:-1] + edges[1:]) // 2]))
    return order.astype(np.int32), edges


@kernel(fastmath=True)
def _dot_rows(first, last, table, directions, heights):
    for i in range(first, last):
        for j in range(directions.shape[0]):
            total = np.float32(0.0)
            for d in range(table.shape[1]):
                total += table[i, d] * directions[j, d]
            heights[i, j] = total


@helper()
def _offer(values, rows, value, row):
    """Insert a row into a list unless it is there already or too far; whether it was inserted."""
    end = values.shape[0] - 1
    if value > values[end] or (value == values[end] and row >= rows[end]):
        return False
    for i in range(rows.shape[0]):
        if rows[i] == row:
            return False
    insert(values, rows, value, row)
    return True


@kernel()
def _meet_leaf(first, last, table, order, edges, values, rows):
    """Measure all pairs of every leaf; a row is in one leaf, so threads never share a list."""
    for leaf in range(first, last):
        for i in range(edges[leaf], edges[leaf + 1]):
            for j in range(i + 1, edges[leaf + 1]):
                value = squared_distance(table[order[i]], table[order[j]])
                _offer(values[order[i]], rows[order[i]], value, order[j])
                _offer(values[order[j]], rows[order[j]], value, order[i])


@kernel()
def _backward(rows, n_named):
    """The rows that name every row among their first `n_named`, in order."""
    n = rows.shape[0]
    starts = np.zeros(n + 1, np.int64)
    for i in range(n):
        for j in range(n_named):
            if rows[i, j] < n:
                starts[rows[i, j] + 1] += 1
    for i in range(n):
        starts[i + 1] += starts[i]
    heads = np.empty(starts[n], np.int32)
    free = starts[:-1].copy()
    for j in range(n_named):
        for i in range(n):
            if rows[i, j] < n:
                heads[free[rows[i, j]]] = i
                free[rows[i, j]] += 1
    return starts, heads


@kernel()
def _meet_neighbors(first, last, table, before, starts, heads, values, rows, n_new):
    """Offer every row the neighbours of those it names and of those that name it."""
    n = table.shape[0]
    seen = np.full(n, -1, np.int32)
    links = np.empty(_N_FORWARD + _N_BACKWARD, np.int32)
    for i in range(first, last):
        value, row = values[i], rows[i]
        seen[i] = i
        for j in range(before.shape[1]):
            if before[i, j] < n:
                seen[before[i, j]] = i
        n_links = 0
        for j in range(_N_FORWARD):
            if before[i, j] < n:
                links[n_links] = before[i, j]
                n_links += 1
        for j in range(starts[i], min(starts[i + 1], starts[i] + _N_BACKWARD)):
            links[n_links] = heads[j]
            n_links += 1
        for m in range(n_links):
            link = links[m]
            for j in range(-1, _N_FORWARD):
                other = link if j < 0 else before[link, j]
                if other >= n or seen[other] == i:
                    continue
                seen[other] = i
                if _offer(value, row, squared_distance(table[i], table[other]), other):
                    n_new[i] += 1

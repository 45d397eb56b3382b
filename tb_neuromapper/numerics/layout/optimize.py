"""One pass of the layout: stochastic forces within every slice, then the pull between slices."""

# Kernels: numba derives their types.
# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tb_neuromapper.numerics.kernels import kernel
from tb_neuromapper.numerics.layout.graph import LayoutGraph
from tb_neuromapper.numerics.layout.lanes import N_LANES, attract, copy_row, repel
from tb_neuromapper.numerics.types import FloatArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xBF58476D1CE4E5B9)
_TO_FRACTION = np.float32(2.0**-24)
# Random rows a visit. UMAP's defaults want 2.5, or 20 if no sample is in two of eight slices.
_MOST_PUSHES = np.float32(64)


def row_seeds(n_rows: int, seed: int) -> npt.NDArray[np.uint64]:
    """uint64 (n_rows,): a random number for every layout row that depends only on the row and the seed (splitmix64)."""
    x = (np.arange(n_rows, dtype=np.uint64) + np.uint64((seed & 0xFFFFFFFF) << 32)) * _GOLDEN
    x = (x ^ (x >> np.uint64(30))) * _MIX
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def share_pushes(graph: LayoutGraph, ratios: FloatArray) -> tuple[FloatArray, FloatArray]:
    """How many random rows push a row at a visit, and how strongly each pushes in every lane.

    As many are drawn as the lane with the most needs; in the others each weighs less. Beyond _MOST_PUSHES each weighs
    more instead: a strong repulsion takes no longer.

    Args:
        graph: Edges of R rows.
        ratios: float32 (R, 8): wanted pushes per visit.

    Returns:
        weights: float32 (R * 8,), in 255ths.
        counts: float32 (R,): random rows per visit.
    """
    wanted = graph.visits * ratios
    most = graph.visits.max(axis=1) * ratios.max(axis=1)
    filled = np.diff(graph.indptr) > 0
    counts = np.zeros(len(wanted), dtype=np.float32)
    totals = np.add.reduceat(graph.rates, graph.indptr[:-1][filled])
    most[filled] = np.minimum(most[filled], _MOST_PUSHES * totals)
    counts[filled] = most[filled] / totals
    weights = np.float32(255) * wanted / np.maximum(most, np.float32(1e-30))[:, None]
    return weights.reshape(-1), counts


@kernel()
def move_rows(
    start_block, stop_block, places, before, after, work, blocks, indptr, tails, rates, shares,
    curves, pulls, pushes, n_pushes, seeds, n_pass
):  # fmt: skip
    """Write every row's place after a pass of attraction along edges and repulsion from random rows.

    A row sees the rows of its own block as they are now and all others as they were before the pass, so the result
    does not depend on the threads. Edges are drawn by systematic sampling: one uniform number a row and pass, that
    advances by the golden ratio, so that an edge of rate r is visited in r of the passes, evenly spread.

    Args:
        start_block: First block of this call.
        stop_block: The block after its last.
        places: float32 (2 * R * 16,): layout rows (lanes.py), twice. One array, since choosing between two costs
            numba an atomic count a force.
        before: The row of `places` where the old layout begins.
        after: The row of `places` where the new layout begins.
        work: float32 (B * 16,): scratch.
        blocks: int32 (B, 4): rows [first, last), and those of their group.
        indptr: See graph.LayoutGraph.
        tails: See graph.LayoutGraph.
        rates: See graph.LayoutGraph.
        shares: See graph.LayoutGraph, flat.
        curves: float32 (B * 16,): a and b of every lane.
        pulls: float32 (B * 8,): the pass's step size of every lane, over 255.
        pushes: float32 (R * 8,): weight of a random row's push in every lane, times 255.
        n_pushes: float32 (R,): random rows per visit.
        seeds: uint64 (R,): see `row_seeds`.
        n_pass: uint64: the number of the pass.
    """
    for block in range(start_block, stop_block):
        first, last, low = np.int64(blocks[block, 0]), np.int64(blocks[block, 1]), np.int64(blocks[block, 2])
        n_others = np.uint64(blocks[block, 3] - low)
        for row in range(first, last):
            copy_row(places, after + row, places, before + row)
        for row in range(first, last):
            own = after + row
            random = seeds[row] + n_pass * _GOLDEN
            mark = np.float32(1.0) - np.float32(random >> np.uint64(40)) * _TO_FRACTION
            random = (random ^ (random >> np.uint64(30))) * _MIX | np.uint64(1)
            owed = np.float32(random >> np.uint64(40)) * _TO_FRACTION
            passed = np.float32(0.0)
            for edge in range(indptr[row], indptr[row + 1]):
                passed += rates[edge]
                if passed < mark:
                    continue
                mark += np.float32(1.0)
                other = before + tails[edge]
                if first <= tails[edge] < last:
                    other = after + tails[edge]
                copy_row(work, block, places, own)
                attract(places, own, other, work, block, curves, pulls, shares, edge)
                owed += n_pushes[row]
                while owed >= np.float32(1.0):
                    owed -= np.float32(1.0)
                    # xorshift64 (Marsaglia 2003).
                    random ^= random << np.uint64(13)
                    random ^= random >> np.uint64(7)
                    random ^= random << np.uint64(17)
                    other = before + low + np.int64((random >> np.uint64(32)) * n_others >> np.uint64(32))
                    repel(places, own, other, work, block, curves, pulls, pushes, row)


@kernel()
def align_tracks(
    start_track, stop_track, places, before, after, heads, following, preceding, spots, pulls, strengths, first_flat
):
    """Write every sample pulled towards itself in the slices around, weighted by neighbour overlap.

    A convex mean, y' = (y + sum c_o y_o) / (1 + sum c_o), so any strength is stable.

    Args:
        start_track: First sample of this call, as an index of `heads`.
        stop_track: The sample after its last.
        places: See `move_rows`.
        before: The index in `places` where the old layout begins.
        after: The index in `places` where the new layout begins.
        heads: int32 (K,): the first flat row of every sample.
        following: int32 (S,): the same sample's flat row in the next slice, or -1.
        preceding: int32 (S,): the same in the slice before, or -1.
        spots: int32 (S,): the index of every flat row's x within a layout.
        pulls: float32 (S, W): pull between the sample and itself in the o-th slice after.
        strengths: float32 (S,): factor on all pulls on a flat row.
        first_flat: Flat rows before it stay as they are.
    """
    window = pulls.shape[1]
    for track in range(start_track, stop_track):
        flat = heads[track]
        while flat >= 0:
            own = before + spots[flat]
            x = places[own]
            y = places[own + N_LANES]
            mass = np.float32(1.0)
            later = flat
            earlier = flat
            for o in range(window):
                if later >= 0:
                    later = following[later]
                    if later >= 0:
                        pull = strengths[flat] * pulls[flat, o]
                        spot = before + spots[later]
                        x += pull * places[spot]
                        y += pull * places[spot + N_LANES]
                        mass += pull
                if earlier >= 0:
                    earlier = preceding[earlier]
                    if earlier >= 0:
                        pull = strengths[flat] * pulls[earlier, o]
                        spot = before + spots[earlier]
                        x += pull * places[spot]
                        y += pull * places[spot + N_LANES]
                        mass += pull
            if flat >= first_flat:
                own = after + spots[flat]
                places[own] = x / mass
                places[own + N_LANES] = y / mass
            flat = following[flat]

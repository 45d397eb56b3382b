"""How similar a sample's neighbourhoods are in slices near one another."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

import numpy as np
from scipy.sparse import csr_matrix

from tb_neuromapper.numerics.layout.graph import neighbor_matrices
from tb_neuromapper.numerics.layout.tracks import Tracks
from tb_neuromapper.numerics.types import FloatArray, IntArray, Neighbors


def measure_overlaps(
    neighbors: Sequence[Neighbors],
    tracks: Tracks,
    n_columns: Sequence[int],
    window: int,
    check_stop: Callable[[], None],
    first_slice: int = 0,
) -> FloatArray:
    """Jaccard overlap of a sample's neighbours with its neighbours 1..W slices on, among samples of both slices.

    Args:
        neighbors: Per slice at least `n_columns[t]` columns.
        tracks: Which rows are the same sample.
        n_columns: Neighbours to use of every slice, the sample itself not counted.
        window: W.
        check_stop: Called between pairs of slices; raises LayoutCancelled to cancel.
        first_slice: Pairs of slices that both come before it are left out.

    Returns:
        float32 (S, W): for every flat row; 1 where neither has neighbours, 0 where the sample is not in both slices.
    """
    samples = name_samples(tracks)
    n = int(samples.max()) + 1
    overlaps = np.zeros((len(samples), window), dtype=np.float32)
    recent: deque[tuple[csr_matrix, FloatArray, slice]] = deque(maxlen=window)
    for t, near in enumerate(neighbors):
        own = slice(int(tracks.slice_starts[t]), int(tracks.slice_starts[t + 1]))
        ids = near.ids[:, : n_columns[t]]
        matrix, _ = neighbor_matrices(ids, np.ones(ids.shape, np.float32), samples[own], n)
        present = np.bincount(samples[own], minlength=n).astype(np.float32)
        for offset, (before, was_present, flats) in enumerate(reversed(recent), start=1):
            check_stop()
            if t < first_slice:
                break
            shared = np.diff(before.multiply(matrix).indptr)
            union = before @ present + matrix @ was_present - shared
            ratios = np.where(union > 0, shared / np.maximum(union, 1), 1) * present
            overlaps[flats, offset - 1] = ratios[samples[flats]]
        recent.append((matrix, present, own))
    return overlaps


def name_samples(tracks: Tracks) -> IntArray:
    """int32 (S,): a number for the sample of every flat row, the same in all slices."""
    samples = np.empty(len(tracks.rows), dtype=np.int32)
    n_samples = 0
    for first, last in zip(tracks.slice_starts[:-1], tracks.slice_starts[1:], strict=True):
        before = tracks.preceding[first:last]
        fresh = before < 0
        own = samples[before]
        own[fresh] = n_samples + np.arange(fresh.sum())
        samples[first:last] = own
        n_samples += int(fresh.sum())
    return samples

"""Which rows of different slices are the same sample, and where each lies in the layout's memory.

The slices are laid end to end: slice t's row r is flat row `starts[t] + r`. A sample's flat rows form a chain from
slice to slice. Eight slices make a group; within a group a sample has one row with a lane for each slice (lanes.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tb_neuromapper.numerics.layout.lanes import N_LANES
from tb_neuromapper.numerics.types import IntArray


@dataclass(frozen=True)
class Tracks:
    """Samples through the slices.

    Attributes:
        starts: int32 (T + 1,): the first flat row of every slice, and the number of flat rows.
        following: int32 (S,): the same sample's flat row in the next slice, or -1.
        preceding: int32 (S,): the same in the slice before, or -1.
        rows: int32 (S,): the layout row of every flat row.
        flats: int32 (R, 8): the flat row of every layout row's lanes, or -1.
        group_starts: int32 (G + 1,): the first layout row of every group, and their number.
    """

    starts: IntArray
    following: IntArray
    preceding: IntArray
    rows: IntArray
    flats: IntArray
    group_starts: IntArray

    @property
    def n_slices(self) -> int:
        return len(self.starts) - 1


def follow_samples(n_rows: Sequence[int], relations: Sequence[IntArray] | None) -> Tracks:
    """Chain the rows of consecutive slices and give every sample its layout rows.

    Args:
        n_rows: Rows of every slice.
        relations: T - 1 integer arrays (N_t,): the sample's row in slice t + 1, or -1 if absent; None if all slices
            hold the same samples in the same rows.

    Raises:
        ValueError: A relation of the wrong length, to a row that does not exist, or from two rows to one.
    """
    n_slices = len(n_rows)
    starts = np.concatenate([[0], np.cumsum(np.asarray(n_rows, dtype=np.int64))])
    following = np.full(starts[-1], -1, dtype=np.int32)
    preceding = following.copy()
    for t, relation in enumerate(check_relations(n_rows, relations)):
        own = np.flatnonzero(relation >= 0)
        flat_own, flat_next = starts[t] + own, starts[t + 1] + relation[own]
        following[flat_own] = flat_next
        preceding[flat_next] = flat_own

    rows = np.empty(starts[-1], dtype=np.int32)
    group_starts = [0]
    lanes_of_rows = []
    for first in range(0, n_slices, N_LANES):
        n_group_rows = group_starts[-1]
        members = range(first, min(first + N_LANES, n_slices))
        for t in members:
            flat = np.arange(starts[t], starts[t + 1])
            back = preceding[flat] if t > first else np.full(len(flat), -1)
            fresh = back < 0
            rows[flat[~fresh]] = rows[back[~fresh]]
            rows[flat[fresh]] = n_group_rows + np.arange(fresh.sum())
            n_group_rows += int(fresh.sum())
        flats = np.full((n_group_rows - group_starts[-1], N_LANES), -1, dtype=np.int32)
        for t in members:
            flat = np.arange(starts[t], starts[t + 1], dtype=np.int32)
            flats[rows[flat] - group_starts[-1], t - first] = flat
        lanes_of_rows.append(flats)
        group_starts.append(n_group_rows)
    return Tracks(
        starts.astype(np.int32),
        following,
        preceding,
        rows,
        np.concatenate(lanes_of_rows),
        np.asarray(group_starts, dtype=np.int32),
    )


def check_relations(n_rows: Sequence[int], relations: Sequence[IntArray] | None) -> list[IntArray]:
    """The relations as int64 arrays, or the identity for None.

    Raises:
        ValueError: See `follow_samples`.
    """
    n_slices = len(n_rows)
    if relations is None:
        for t in range(n_slices - 1):
            if n_rows[t] != n_rows[t + 1]:
                raise ValueError(
                    f"slice {t} has {n_rows[t]} rows and slice {t + 1} has {n_rows[t + 1]}; without relations all "
                    "slices must hold the same samples. Pass relations to say which rows belong together."
                )
        return [np.arange(n, dtype=np.int64) for n in n_rows[:-1]]  # type: ignore[misc]
    if len(relations) != n_slices - 1:
        raise ValueError(f"{len(relations)} relations for {n_slices} slices; one between each two is needed.")
    return [_check_relation(t, relation, n_rows) for t, relation in enumerate(relations)]


def _check_relation(t: int, relation: IntArray, n_rows: Sequence[int]) -> IntArray:
    array = np.asarray(relation)
    if array.ndim != 1 or len(array) != n_rows[t] or (array.size and array.dtype.kind not in "iu"):
        raise ValueError(
            f"relations[{t}] is {array.dtype} of shape {array.shape}; slice {t} needs integers of shape ({n_rows[t]},)."
        )
    array = array.astype(np.int64)
    for row in array[(array < -1) | (array >= n_rows[t + 1])][:1]:
        raise ValueError(
            f"relations[{t}] names row {row}, but slice {t + 1} has {n_rows[t + 1]} rows; use -1 for an absent sample."
        )
    used = array[array >= 0]
    rows, counts = np.unique(used, return_counts=True)
    for row in rows[counts > 1][:1]:
        raise ValueError(f"relations[{t}] names row {row} of slice {t + 1} twice; a row holds one sample.")
    return array

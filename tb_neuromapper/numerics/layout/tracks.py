"""Which rows of different slices are the same sample, and where each lies in the layout's memory.

The slices are laid end to end: slice t's row r is flat row `slice_starts[t] + r`. A sample's flat rows form a chain
from slice to slice. Eight slices make a group; within a group a sample has one row with a lane for each slice
(lanes.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from tb_neuromapper.numerics.layout.lanes import N_LANES
from tb_neuromapper.numerics.types import IntArray


@dataclass(frozen=True)
class Tracks:
    """Samples through the slices.

    Attributes:
        slice_starts: int32 (T + 1,): the first flat row of every slice, and the number of flat rows.
        following: int32 (S,): the same sample's flat row in the next slice, or -1.
        preceding: int32 (S,): the same in the slice before, or -1.
        rows: int32 (S,): the layout row of every flat row.
        flats: int32 (R, 8): the flat row of every layout row's lanes, or -1.
        group_starts: int32 (G + 1,): the first layout row of every group, and their number.
    """

    slice_starts: IntArray
    following: IntArray
    preceding: IntArray
    rows: IntArray
    flats: IntArray
    group_starts: IntArray

    @property
    def n_slices(self) -> int:
        """Number of slices, T."""
        return len(self.slice_starts) - 1


def follow_samples(n_rows: Sequence[int], relations: Sequence[IntArray] | None) -> Tracks:
    """Chain the rows of consecutive slices and give every sample its layout rows.

    Args:
        n_rows: Rows of every slice.
        relations: T - 1 integer arrays (N_t,): the sample's row in slice t + 1, or -1 if absent; None if all slices
            hold the same samples in the same rows.

    Raises:
        ValueError: A relation of the wrong length, to a row that does not exist, or from two rows to one.
    """
    slice_starts = np.concatenate([[0], np.cumsum(np.asarray(n_rows, dtype=np.int64))])
    following = np.full(slice_starts[-1], -1, dtype=np.int32)
    preceding = following.copy()
    for t, relation in enumerate(check_relations(n_rows, relations)):
        own = np.flatnonzero(relation >= 0)
        flat_own, flat_next = slice_starts[t] + own, slice_starts[t + 1] + relation[own]
        following[flat_own] = flat_next
        preceding[flat_next] = flat_own

    rows = np.empty(slice_starts[-1], dtype=np.int32)
    slices = [np.arange(first, stop, dtype=np.int32) for first, stop in pairwise(slice_starts)]
    flats, group_starts = [], [0]
    for first in range(0, len(slices), N_LANES):
        group, first_row = slices[first : first + N_LANES], group_starts[-1]
        group_starts.append(_assign_rows(rows, preceding, group, first_row))
        flats.append(_lanes_of_rows(rows, group, first_row, group_starts[-1]))
    return Tracks(
        slice_starts.astype(np.int32),
        following,
        preceding,
        rows,
        np.concatenate(flats),
        np.asarray(group_starts, dtype=np.int32),
    )


def _assign_rows(rows: IntArray, preceding: IntArray, group: Sequence[IntArray], first_row: int) -> int:
    """Write the layout rows of a group: a sample that appears in it gets the next free one, and keeps it.

    Args:
        rows: int32 (S,), written for the flat rows of the group.
        preceding: See `Tracks`.
        group: The flat rows of each of up to eight slices.
        first_row: The group's first layout row.

    Returns:
        The first layout row after the group's.
    """
    n_rows = first_row
    for lane, flat in enumerate(group):
        before = preceding[flat] if lane > 0 else np.full(len(flat), -1)
        is_new = before < 0
        rows[flat[~is_new]] = rows[before[~is_new]]
        rows[flat[is_new]] = n_rows + np.arange(is_new.sum())
        n_rows += int(is_new.sum())
    return n_rows


def _lanes_of_rows(rows: IntArray, group: Sequence[IntArray], first_row: int, stop_row: int) -> IntArray:
    """int32 (stop_row - first_row, 8): the flat row of each lane of a group's layout rows, or -1."""
    flats = np.full((stop_row - first_row, N_LANES), -1, dtype=np.int32)
    for lane, flat in enumerate(group):
        flats[rows[flat] - first_row, lane] = flat
    return flats


def check_relations(n_rows: Sequence[int], relations: Sequence[IntArray] | None) -> list[IntArray]:
    """The relations as T - 1 int64 arrays (N_t,); the identity for None.

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

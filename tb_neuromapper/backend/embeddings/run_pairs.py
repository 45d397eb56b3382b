"""Two runs in one space: their slices alternate by epoch, and a sample is the same in both if its id is.

The rows of both runs that hold the common samples are picked in one order, so that a pair is laid out as one run is.
For the page a pair is two projections, a side for each run, whose positions are in the first run's rows.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_neuromapper.backend.cache import FloatArray
from tb_neuromapper.backend.log.blocks import Slice, block_slices
from tb_neuromapper.backend.log.run_log import RunLog
from tb_neuromapper.backend.log.storage import key_of_rows

RowArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class RunPair:
    """Two runs that are compared.

    Attributes:
        runs: Their names.
        n_samples: How many samples each has.
        rows: The rows of each that hold the common samples, in the same order; None if these are all, in their order.
    """

    runs: tuple[str, str]
    n_samples: tuple[int, int]
    rows: tuple[RowArray | None, RowArray | None]

    @property
    def n_common(self) -> int:
        """How many samples both runs have."""
        return self.n_samples[0] if self.rows[0] is None else len(self.rows[0])

    def scatter_to_rows(self, values: FloatArray) -> FloatArray:
        """Values (n_common, ...) of the common samples in the first run's rows (n, ...); NaN in the other rows."""
        if self.rows[0] is None:
            return values
        full = np.full((self.n_samples[0], *values.shape[1:]), np.nan, np.float32)
        full[self.rows[0]] = values
        return full


@dataclass(frozen=True)
class PairSlice:
    """A slice of a pair's layout.

    Attributes:
        side: Which run it is of, 0 or 1.
        step: At which epoch of that run.
    """

    side: int
    step: int


def match_samples(runs: tuple[str, str], ids: tuple[Sequence[Any], Sequence[Any]]) -> RunPair:
    """Find the samples that two runs share.

    Args:
        runs: The runs' names.
        ids: The ids of each run's samples, by row.

    Raises:
        ValueError: They share fewer than two.
    """
    places = {sample: row for row, sample in enumerate(ids[1])}
    common = [(row, places[sample]) for row, sample in enumerate(ids[0]) if sample in places]
    if len(common) < 2:
        raise ValueError(
            f"the runs {runs[0]!r} and {runs[1]!r} share {len(common)} samples by their ids; at least 2 are needed. "
            "Give both the same probe set, or the same sample_ids."
        )
    both = np.array(common, dtype=np.int64)

    def rows(side: int) -> RowArray | None:
        own = np.ascontiguousarray(both[:, side])
        return None if np.array_equal(own, np.arange(len(ids[side]))) else own

    return RunPair(runs, (len(ids[0]), len(ids[1])), (rows(0), rows(1)))


def interleave(logs: tuple[RunLog, RunLog], pair: RunPair, block: str) -> tuple[list[Slice], list[PairSlice]]:
    """The slices of a block in both runs by epoch, the first run's before the second's.

    Returns:
        The slices, whose `step` is their number, and for each number whose slice it is, of which epoch.
    """
    streams = [[(item.step, side, item) for item in block_slices(log, block)] for side, log in enumerate(logs)]
    merged = list(heapq.merge(*streams, key=lambda entry: entry[:2]))
    slices = []
    for number, (_, side, item) in enumerate(merged):
        rows = pair.rows[side]
        key = item.checksum if rows is None else key_of_rows(item.checksum, rows)
        slices.append(Slice(number, item.tensor, key))
    return slices, [PairSlice(side, step) for step, side, _ in merged]

"""What the rules about single units share: a state counts if it persists to the end of the run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tb_neuromapper.numerics.findings.evidence import FloatArray, FlowSeries, IntArray, StepRange

# A unit may be inactive on some batches; it is in a state if it was so in all of the last N_LAST_RECORDS records.
N_LAST_RECORDS = 5
MIN_RECORDS = 2
RECTIFIERS = ("ReLU", "ReLU6", "Threshold")


@dataclass(frozen=True)
class PersistentUnits:
    """Units that are in a state until the end of the run.

    Attributes:
        units: (m,) their indexes, ascending.
        since: The first step from which on all of the units are in it.
        until: The last recorded step.
        n_records: Records at which all of the units are in the state, counted from the end.
        n_always: Units that were in it at every record.
    """

    units: npt.NDArray[np.intp]
    since: int
    until: int
    n_records: int
    n_always: int

    @property
    def steps(self) -> list[StepRange]:
        """The stretch in which all of the units are in the state, as a finding reports it."""
        return [(self.since, self.until)]


def persistent_units(
    flags: npt.NDArray[np.bool_], known: npt.NDArray[np.bool_], steps: IntArray, n_last: int = N_LAST_RECORDS
) -> PersistentUnits | None:
    """The units whose flag is set at all of the last records, or None if there is none.

    Args:
        flags: (R, U): whether a unit is in the state at a record.
        known: (R,): the records at which the flags are known; the others do not count.
        steps: (R,): the records' steps, ascending.
        n_last: Number of last records; all, if there are fewer.
    """
    flags, steps = flags[known], steps[known]
    n_needed = min(n_last, len(steps))
    if n_needed < MIN_RECORDS or not flags.shape[1]:
        return None
    # From the end, the number of records without a break.
    streaks = np.cumprod(flags[::-1], axis=0, dtype=np.int64).sum(axis=0)
    units = np.flatnonzero(streaks >= n_needed)
    if not len(units):
        return None
    shortest = int(streaks[units].min())
    n_always = int((streaks == len(steps)).sum())
    return PersistentUnits(units, int(steps[len(steps) - shortest]), int(steps[-1]), shortest, n_always)


def are_recorded(flow: FlowSeries | None, *, hidden: bool = False) -> bool:
    """Whether the single units of a layer (a hidden one) are known at enough records to judge a persistent state."""
    layers = [layer for layer in flow.layers if not (hidden and layer.is_output)] if flow is not None else []
    return any(are_enough(layer.unit_activation) for layer in layers)


def are_enough(*arrays: FloatArray) -> bool:
    """Whether (R, U) arrays are known at enough records to judge a persistent state."""
    return int(known_records(*arrays).sum()) >= MIN_RECORDS


def too_many(n: int, n_units: int, share: float) -> bool:
    """Whether n of a layer's units are at least `share` of them, and at least one."""
    return n >= max(1, share * n_units)


def known_records(*arrays: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
    """The records at which every unit of each (R, U) array is finite: bool (R,)."""
    known: npt.NDArray[np.bool_] = np.all([np.isfinite(array).all(axis=1) for array in arrays], axis=0)
    return known

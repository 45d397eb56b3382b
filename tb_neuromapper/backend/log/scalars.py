"""A run's ordinary scalars, through TensorBoard's data provider: everybody's, not only ours."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from tensorboard.context import RequestContext
from tensorboard.data.provider import DataProvider, RunTagFilter

_SCALARS = "scalars"
_ALL = 1 << 30
# A counter that differs from both of ours by more than this factor is a counter of its own.
_MAX_FACTOR = 3.0
_LOSS = re.compile(r"(?:^|[^a-z])(?:loss|nll|cross_?entropy|perplexity)(?:$|[^a-z])", re.IGNORECASE)
_NOT_TRAINED_ON = re.compile(r"(?:^|[^a-z])(?:val|valid|validation|test|eval|probe|dev)(?:$|[^a-z])", re.IGNORECASE)


@dataclass(frozen=True)
class Series:
    """One scalar of one run.

    Attributes:
        steps: int64 (m,) ascending; of repeated steps the newest value.
        values: float64 (m,); may be infinite or NaN.
        wall_times_s: float64 (m,), seconds since 1970.
    """

    steps: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
    wall_times_s: npt.NDArray[np.float64]


class ScalarReader:
    """Lists and reads scalars.

    Args:
        provider: TensorBoard's data provider.
        n_kept: How many values of a scalar TensorBoard keeps; 0 = all.
    """

    def __init__(self, provider: DataProvider, n_kept: int = 0) -> None:
        self._provider = provider
        self.n_kept = n_kept

    def tags(self, run: str | None = None) -> dict[str, dict[str, tuple[int, float]]]:
        """By run, then by tag, both sorted: the last step and its wall time in seconds.

        Args:
            run: Only this run.
        """
        found = self._provider.list_scalars(
            RequestContext(),
            experiment_id="",
            plugin_name=_SCALARS,
            run_tag_filter=RunTagFilter(runs=None if run is None else [run]),
        )
        return {
            name: {tag: (int(each.max_step), float(each.max_wall_time)) for tag, each in sorted(tags.items())}
            for name, tags in sorted(found.items())
        }

    def read(self, run: str, tags: Sequence[str]) -> dict[str, Series]:
        """The series of these tags; those that the run does not have are left out."""
        found = self._provider.read_scalars(
            RequestContext(),
            experiment_id="",
            plugin_name=_SCALARS,
            downsample=_ALL,
            run_tag_filter=RunTagFilter(runs=[run], tags=list(tags)),
        )
        return {tag: _series(data) for tag, data in found.get(run, {}).items()}


def axis_of(tag: str, last_step: int, last_train_step: int | None, last_epoch: int | None) -> str | None:
    """Which of our counters a scalar's steps are: "train_step", "epoch", or None for neither.

    What we log ourselves is known. Otherwise it is the counter whose last value is nearer to the scalar's last step, as
    a ratio, if that is at most 3.
    """
    if tag.startswith("probe/"):
        return "epoch"
    counters = {"train_step": last_train_step, "epoch": last_epoch}
    ratios = {
        name: abs(math.log((last_step + 1) / (last + 1)))
        for name, last in counters.items()
        if last is not None and last >= 0 <= last_step
    }
    if not ratios:
        return None
    nearest = min(ratios, key=lambda name: ratios[name])
    return nearest if ratios[nearest] <= math.log(_MAX_FACTOR) else None


def loss_tags(tags: list[str]) -> list[str]:
    """Those scalars that look like a loss of the training."""
    return [tag for tag in tags if _LOSS.search(tag) and not _NOT_TRAINED_ON.search(tag)]


def finite_pairs(series: Series) -> list[tuple[int, float]]:
    """Pairs of step and value, without what is not finite."""
    pairs = zip(series.steps.tolist(), series.values.tolist(), strict=True)
    return [(step, value) for step, value in pairs if math.isfinite(value)]


def _series(data: Sequence[object]) -> Series:
    """Sorted by step: a run that was resumed holds some steps twice, and then the newest counts."""
    rows = [(each.step, each.wall_time, float(each.value)) for each in data]  # type: ignore[attr-defined]
    newest = {step: (step, time_s, value) for step, time_s, value in sorted(rows, key=lambda row: row[:2])}
    columns = list(zip(*newest.values(), strict=True)) or [(), (), ()]
    return Series(np.array(columns[0], np.int64), np.array(columns[2], np.float64), np.array(columns[1], np.float64))

"""The scalars screen: which axis a scalar is on, what looks like a loss, and how a long series is made short. Pure."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_neuromapper.backend.log.scalars import Series

MAX_POINTS = 4000
# A counter that differs from both of ours by more than this factor is a counter of its own.
_MAX_FACTOR = 3.0
_LOSS = re.compile(r"(?:^|[^a-z])(?:loss|nll|cross_?entropy|perplexity)(?:$|[^a-z])", re.IGNORECASE)
_NOT_TRAINED_ON = re.compile(r"(?:^|[^a-z])(?:val|valid|validation|test|eval|probe|dev)(?:$|[^a-z])", re.IGNORECASE)


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


def describe_series(run: str, tag: str, series: Series, n_kept: int) -> dict[str, Any]:
    """One series as the route answers it; values that are not finite are null, and named by place in `non_finite`.

    Args:
        run, tag: Whose it is.
        series: All that TensorBoard kept.
        n_kept: How many values TensorBoard keeps of a scalar; 0 = all.
    """
    rows = thin(series.values, MAX_POINTS)
    values = series.values[rows]
    return {
        "run": run,
        "tag": tag,
        "steps": series.steps[rows].tolist(),
        "values": [value if math.isfinite(value) else None for value in values.tolist()],
        "non_finite": {str(int(at)): _name(values[at]) for at in np.flatnonzero(~np.isfinite(values))},
        "wall_times": series.wall_times_s[rows].tolist(),
        "sampled": _sampled_words(len(series.steps), len(rows), n_kept),
    }


def thin(values: npt.NDArray[np.float64], limit: int) -> npt.NDArray[np.intp]:
    """At most `limit` rows that keep the ends, every bucket's smallest and largest value, and what is not finite.

    Args:
        values: (m,).
        limit: At least 8.

    Returns:
        (k,) ascending rows. All of them where m is at most `limit`; rows that are not finite are kept in any case, but
        no more than `limit` of them.
    """
    if len(values) <= limit:
        return np.arange(len(values))
    finite = np.flatnonzero(np.isfinite(values))
    rows = [np.array([0, len(values) - 1]), np.flatnonzero(~np.isfinite(values))[: limit // 4]]
    for bucket in np.array_split(finite, max(1, (limit // 4) * 3 // 2 - 1)):
        if len(bucket):
            rows.append(bucket[[np.argmin(values[bucket]), np.argmax(values[bucket])]])
    return np.unique(np.concatenate(rows))


def _sampled_words(n_read: int, n_shown: int, n_kept: int) -> str | None:
    """Why not every logged value is there, in words; None if all are."""
    words = []
    if n_kept and n_read >= n_kept:
        words.append(
            f"TensorBoard keeps {n_kept:,} values of a scalar, a random choice; start it with "
            "--samples_per_plugin scalars=0 to keep all."
        )
    if n_shown < n_read:
        words.append(
            f"Of {n_read:,} values {n_shown:,} are drawn, the smallest and largest of each stretch among them."
        )
    return " ".join(words) or None


def _name(value: float) -> str:
    return "NaN" if math.isnan(value) else "infinite" if value > 0 else "minus infinite"

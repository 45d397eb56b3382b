"""The scalars screen: how a series is answered, and how a long one is made short. Pure."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_neuromapper.backend.log.scalars import Series

MAX_POINTS = 4000


def describe_series(run: str, tag: str, series: Series, n_kept: int) -> dict[str, Any]:
    """One series as the route answers it; values that are not finite are null, and named by place in `non_finite`.

    Args:
        run: The run's name.
        tag: The scalar's name.
        series: All that TensorBoard kept.
        n_kept: How many values TensorBoard keeps of a scalar; 0 = all.
    """
    rows = downsample_series(series.values, MAX_POINTS)
    values = series.values[rows]
    return {
        "run": run,
        "tag": tag,
        "steps": series.steps[rows].tolist(),
        "values": [value if math.isfinite(value) else None for value in values.tolist()],
        "non_finite": {str(int(at)): _name(values[at]) for at in np.flatnonzero(~np.isfinite(values))},
        "wall_times": series.wall_times_s[rows].tolist(),
        "sampled": _sampling_message(len(series.steps), len(rows), n_kept),
    }


def downsample_series(values: npt.NDArray[np.float64], limit: int) -> npt.NDArray[np.intp]:
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


def _sampling_message(n_read: int, n_shown: int, n_kept: int) -> str | None:
    """Why not every logged value is there, as a message; None if all are."""
    sentences = []
    if n_kept and n_read >= n_kept:
        sentences.append(
            f"TensorBoard keeps {n_kept:,} values of a scalar, a random choice; start it with "
            "--samples_per_plugin scalars=0 to keep all."
        )
    if n_shown < n_read:
        sentences.append(
            f"Of {n_read:,} values {n_shown:,} are drawn, the smallest and largest of each stretch among them."
        )
    return " ".join(sentences) or None


def _name(value: float) -> str:
    return "NaN" if math.isnan(value) else "infinite" if value > 0 else "minus infinite"

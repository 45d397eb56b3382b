"""What a run's index says of its training steps and epochs, and which of many steps are read. Pure."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

from tb_neuromapper.backend.log.run_log import LogEntry, RunLog


def version(log: RunLog, train_step: int) -> str:
    """Something that differs whenever what was recorded at a training step does; 12 hex digits."""
    digest = hashlib.sha256()
    for kind in ("gradients", "parameters"):
        entry = log.entries.get(kind, {}).get(train_step)
        for spec in entry.record.tensors.values() if entry is not None else ():
            digest.update(spec.checksum.encode())
    return digest.hexdigest()[:12]


def train_steps(log: RunLog) -> list[int | None]:
    """For each epoch with activations the number of training steps before it; None where that was not counted."""
    return [_count_of(entry, "train_step") for entry in log.entries.get("activations", {}).values()]


def epochs(log: RunLog) -> list[int | None]:
    """For each training step with gradients the last epoch that was logged before it, or None."""
    return [_count_of(entry, "epoch") for entry in log.entries.get("gradients", {}).values()]


def counters(log: RunLog | None) -> tuple[int | None, int | None]:
    """The last training step and the last epoch that a run's records know of; None where there is none."""
    if log is None:
        return None, None
    counted = [step for step in train_steps(log) if step is not None]
    last_steps = [*log.steps("gradients")[-1:], *log.steps("parameters")[-1:], *counted[-1:]]
    return max(last_steps, default=None), max(log.steps("activations")[-1:], default=None)


def subsample_steps(steps: Sequence[int], limit: int) -> tuple[list[int], int]:
    """At most `limit` steps at equal distances.

    Returns:
        The steps, the first among them, and their distance in records, a power of two: growth keeps or halves the
        choice.
    """
    stride = 1
    while math.ceil(len(steps) / stride) > limit:
        stride *= 2
    return list(steps[::stride]), stride


def subsample_with_last(steps: Sequence[int], limit: int, *, n_last: int = 1) -> list[int]:
    """At most `limit` steps at equal distances, and beside them the last `n_last`; ascending, as `steps` are."""
    kept, _ = subsample_steps(steps, limit)
    return sorted({*kept, *steps[-n_last:]})


def _count_of(entry: LogEntry, name: str) -> int | None:
    value = entry.record.attributes.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None

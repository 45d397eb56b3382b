"""What a job measures of each step of a layout: its quality, and how far the activations moved since the step before.

Imported by name only in TensorBoard's process, as projecting.py is; the numerics are imported inside the functions.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from tb_neuromapper.backend.cache import FloatArray
from tb_neuromapper.backend.embeddings.parameters import ProjectionParameters
from tb_neuromapper.backend.log.storage import ArraySource, load_array
from tb_neuromapper.schema import RecordError

if TYPE_CHECKING:
    from tb_neuromapper.numerics.types import Neighbors


@dataclass(frozen=True)
class Measured:
    """One step of a layout.

    Attributes:
        source: The block's activations.
        positions: float32 (n, 2).
    """

    source: ArraySource
    positions: FloatArray

    @cached_property
    def points(self) -> FloatArray:
        return load_points(self.source)


def load_points(source: ArraySource) -> FloatArray:
    """The activations, float32 (n, d).

    Raises:
        RecordError: They are missing, broken, not a table or not finite.
    """
    array = load_array(source)
    if array.ndim != 2 or not len(array):
        raise RecordError(f"tensor {source.name!r} has shape {array.shape}; only (n, d) is allowed.")
    if source.rows is not None:
        if source.rows.max(initial=-1) >= len(array):
            raise RecordError(f"tensor {source.name!r} has {len(array)} rows; the probe set has more.")
        array = array[source.rows]
    points = np.ascontiguousarray(array, dtype=np.float32)
    finite = np.isfinite(points).all(axis=1)
    if not finite.all():
        rows = np.flatnonzero(~finite)
        raise RecordError(f"{source.name!r} is NaN or infinite for {len(rows)} samples, first in row {rows[0]}.")
    return points


def measure(
    step: int, now: Measured, neighbors: Neighbors, before: Measured | None, parameters: ProjectionParameters
) -> dict[str, Any]:
    """The quality of one step's layout, and `cka`: how alike the activations and those of the step before are."""
    from tb_neuromapper.numerics.quality.cka import linear_cka
    from tb_neuromapper.numerics.quality.layout_quality import measure_quality

    previous = before.positions if before is not None else None
    metric, seed = parameters.metric, parameters.seed
    quality = measure_quality(now.points, neighbors, now.positions, previous, metric=metric, seed=seed)
    cka = None
    if before is not None:
        with contextlib.suppress(RecordError):  # The older step's file may be gone while its layout is still there.
            cka = linear_cka(before.points, now.points)
    return {"step": step, **{name: _finite(value) for name, value in vars(quality).items()}, "cka": _finite(cka)}


def _finite(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else round(float(value), 5)

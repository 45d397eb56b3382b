"""What a job measures of each step of a layout: its quality, and how far the activations moved since the step before.

Imported by name only in TensorBoard's process, as layout_job.py is; the numerics are imported inside the functions.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from tb_neuromapper.backend.cache import FloatArray
from tb_neuromapper.backend.embeddings.parameters import ProjectionParameters
from tb_neuromapper.backend.log.storage import ArraySource, load_features
from tb_neuromapper.schema import RecordError

if TYPE_CHECKING:
    from tb_neuromapper.numerics.types import Neighbors


@dataclass(frozen=True)
class StepLayout:
    """One step of a layout.

    Attributes:
        source: The block's activations (n, d).
        positions: float32 (n, 2).
    """

    source: ArraySource
    positions: FloatArray

    @cached_property
    def features(self) -> FloatArray:
        """float32 (n, d), read when first asked for.

        Raises:
            RecordError: They cannot be used.
        """
        return load_features(self.source)


def measure_step(
    step: int, now: StepLayout, neighbors: Neighbors, before: StepLayout | None, parameters: ProjectionParameters
) -> dict[str, Any]:
    """The quality of one step's layout, and `cka`: how alike the activations and those of the step before are.

    Args:
        step: The step.
        now: Its activations and positions.
        neighbors: Each sample's nearest in the activations.
        before: The same run's step before; None for the first, which then has neither movement nor `cka`.
        parameters: Give the metric and the seed.

    Returns:
        JSON values by name, `step` among them; None = unknown.
    """
    from tb_neuromapper.numerics.quality.cka import linear_cka
    from tb_neuromapper.numerics.quality.layout_quality import measure_quality

    previous = before.positions if before is not None else None
    metric, seed = parameters.metric, parameters.seed
    quality = measure_quality(now.features, neighbors, now.positions, previous, metric=metric, seed=seed)
    cka = None
    if before is not None:
        with contextlib.suppress(RecordError):  # The older step's file may be gone while its layout is still there.
            cka = linear_cka(before.features, now.features)
    return {"step": step, **{name: _finite(value) for name, value in vars(quality).items()}, "cka": _finite(cka)}


def _finite(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else round(float(value), 5)

"""The values that the numerics exchange: neighbour lists, layout parameters, progress and quality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.float32]
IntArray: TypeAlias = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Neighbors:
    """The nearest neighbours of every sample of one slice, the sample itself left out, nearest first.

    Attributes:
        ids: int32 (n, k): rows of the same slice.
        dists: float32 (n, k): distances in the metric.
    """

    ids: IntArray
    dists: FloatArray


@dataclass(frozen=True)
class LayoutParameters:
    """What shapes an aligned layout.

    Attributes:
        n_neighbors: Size of a sample's neighbourhood, the sample itself included as in UMAP; 2 or more.
        min_dist: Smallest wanted distance between points in the plane; at most `spread`.
        spread: Scale of the plane.
        alignment: Strength of the pull towards the same sample in neighbouring slices; 0 or more.
        window: How many slices to either side pull.
        seed: Same seed, same layout, on any number of threads.
        n_passes: Passes of the optimiser, or None for the default.
    """

    n_neighbors: int = 15
    min_dist: float = 0.1
    spread: float = 1.0
    alignment: float = 0.01
    window: int = 3
    seed: int = 0
    n_passes: int | None = None


@dataclass(frozen=True)
class LayoutProgress:
    """An intermediate layout.

    Attributes:
        n_done: Passes done.
        n_total: Passes planned.
        positions: Per slice float32 (n, 2); valid only during the call, copy to keep.
    """

    n_done: int
    n_total: int
    positions: list[FloatArray]


@dataclass(frozen=True)
class LayoutQuality:
    """How faithful one slice's layout is; each in [0, 1] but movement, which is relative to the layout's RMS radius.

    The first three are NaN where nothing can be ranked.

    Attributes:
        trustworthiness: Venna and Kaski 2001, k = 15, as in scikit-learn.
        continuity: The same with the roles of space and plane exchanged.
        preservation: Mean share of the k nearest neighbours that are also the k nearest in the plane.
        movement: Mean distance to the same samples in the slice before, or None for the first slice.
    """

    trustworthiness: float
    continuity: float
    preservation: float
    movement: float | None


class LayoutCancelled(Exception):
    """The caller asked a running layout to stop."""

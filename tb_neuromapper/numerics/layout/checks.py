"""The checks of a layout's input; every error names what is wrong and what is allowed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tb_neuromapper.numerics.layout.curve import fit_curve
from tb_neuromapper.numerics.types import FloatArray, LayoutParameters, Neighbors


def check_parameters(parameters: LayoutParameters) -> None:
    """Raise a ValueError that names the first parameter that cannot be used."""
    p = parameters
    if p.n_neighbors < 2:
        raise ValueError(f"n_neighbors is {p.n_neighbors}; it counts the sample itself and must be 2 or more.")
    fit_curve(p.spread, p.min_dist)
    if not (np.isfinite(p.alignment) and p.alignment >= 0):
        raise ValueError(f"alignment is {p.alignment}; only a number of 0 or more is allowed.")
    if p.window < 0:
        raise ValueError(f"window is {p.window}; only an integer of 0 or more is allowed.")
    if p.seed < 0:
        raise ValueError(f"seed is {p.seed}; only an integer of 0 or more is allowed.")
    if p.n_passes is not None and p.n_passes < 1:
        raise ValueError(f"n_passes is {p.n_passes}; only None or an integer of 1 or more is allowed.")


def check_all_neighbors(neighbors: Sequence[Neighbors]) -> list[int]:
    """The numbers of samples of all slices.

    Raises:
        ValueError: There are no slices, or `check_neighbors` refuses one.
    """
    if len(neighbors) == 0:
        raise ValueError("there are no slices; at least one is needed.")
    return [check_neighbors(t, near) for t, near in enumerate(neighbors)]


def check_neighbors(t: int, neighbors: Neighbors) -> int:
    """The number of samples of slice t.

    Raises:
        ValueError: Shapes that do not agree, an id that is no row, a distance that is no number, no samples at all.
    """
    ids, dists = neighbors.ids, neighbors.dists
    if ids.ndim != 2 or ids.shape != dists.shape:
        raise ValueError(f"slice {t} has neighbour ids {ids.shape} and distances {dists.shape}; both must be (n, k).")
    n = len(ids)
    if n == 0:
        raise ValueError(f"slice {t} is empty; a slice needs at least one sample.")
    if ids.size == 0:
        return n
    if ids.min() < -1 or ids.max() >= n:
        row = int(ids.min()) if ids.min() < -1 else int(ids.max())
        raise ValueError(f"slice {t} names neighbour {row}, but has {n} samples; use -1 for none.")
    bad = ~(np.isfinite(dists) & (dists >= 0)) & (ids >= 0)
    if bad.any():
        row = int(np.argmax(bad.any(axis=1)))
        raise ValueError(f"row {row} of slice {t} has a distance that is NaN, infinite or negative.")
    return n


def check_positions(positions: Sequence[FloatArray], n_rows: Sequence[int]) -> list[FloatArray]:
    """Layouts as float32.

    Raises:
        ValueError: Another number of layouts or rows than slices and samples, or an infinite position.
    """
    if len(positions) != len(n_rows):
        raise ValueError(f"{len(positions)} layouts for {len(n_rows)} slices; one each is needed.")
    layouts = [np.asarray(layout, dtype=np.float32) for layout in positions]
    for t, (layout, n) in enumerate(zip(layouts, n_rows, strict=True)):
        if layout.shape != (n, 2):
            raise ValueError(f"the layout of slice {t} has shape {layout.shape}; ({n}, 2) is needed.")
        if np.isinf(layout).any():
            raise ValueError(f"the layout of slice {t} has infinite positions; only numbers, or NaN, are allowed.")
    return layouts

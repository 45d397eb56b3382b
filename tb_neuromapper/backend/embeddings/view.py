"""The embeddings screen: how positions travel, from arrays. Pure: no files, no sockets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
Extent = tuple[float, float, float, float]

_N_QUANTA = 65535
_MARGIN = 0.08


def quantize(positions: FloatArray, extent: Extent) -> npt.NDArray[np.uint16]:
    """Positions (n, 2) as uint16: x is extent's minimum + x / 65535 of its side; 65535 itself stands for NaN."""
    low, high = np.array(extent[:2], np.float64), np.array(extent[2:], np.float64)
    share = (positions.astype(np.float64) - low) / np.maximum(high - low, 1e-12)
    missing = ~np.isfinite(share).all(axis=1)
    share[missing] = 0
    quanta = np.clip(np.rint(share * _N_QUANTA), 0, _N_QUANTA - 1).astype(np.uint16)
    quanta[missing] = _N_QUANTA
    return quanta


def bounds(positions: FloatArray) -> Extent | None:
    """Smallest box around the finite positions, or None if there are none."""
    finite = positions[np.isfinite(positions).all(axis=1)]
    if not len(finite):
        return None
    (x_min, y_min), (x_max, y_max) = finite.min(axis=0), finite.max(axis=0)
    return float(x_min), float(y_min), float(x_max), float(y_max)


def extent_around(boxes: Sequence[Extent | None], present: Extent | None) -> Extent:
    """One square extent around all boxes; the present one is kept while it fits well, so that views do not jump."""
    known = [box for box in boxes if box is not None]
    if not known:
        return present or (-1.0, -1.0, 1.0, 1.0)
    x_min, y_min = min(box[0] for box in known), min(box[1] for box in known)
    x_max, y_max = max(box[2] for box in known), max(box[3] for box in known)
    side = max(x_max - x_min, y_max - y_min, 1e-6)
    if present is not None:
        holds = present[0] <= x_min and present[1] <= y_min and present[2] >= x_max and present[3] >= y_max
        if holds and present[2] - present[0] < 1.6 * side:
            return present
    half = side * (0.5 + _MARGIN)
    x, y = (x_min + x_max) / 2, (y_min + y_max) / 2
    return x - half, y - half, x + half, y + half

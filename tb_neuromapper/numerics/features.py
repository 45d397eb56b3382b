"""The check of a slice's features: a table of finite numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tb_neuromapper.numerics.types import FloatArray


def check_features(features: npt.ArrayLike, name: str = "features") -> FloatArray:
    """The features as C-contiguous float32 (n, d).

    Args:
        features: (n, d): anything that numpy reads, a torch tensor, or an array of objects that are numbers.
        name: What errors call the features, for example "slice 3".

    Raises:
        ValueError: Not two-dimensional, not numbers, no rows or columns, NaN or infinities (the row is named).
    """
    array = _read(features, name)
    if array.ndim != 2 or array.dtype.kind not in "fiub":
        raise ValueError(f"{name}: {array.dtype} of shape {array.shape}; a table (n, d) of real numbers is needed.")
    if array.shape[0] == 0 or array.shape[1] == 0:
        raise ValueError(f"{name}: shape {array.shape}; at least one row and one column are needed.")
    with np.errstate(over="ignore"):
        table = np.ascontiguousarray(array, dtype=np.float32)
    finite = np.isfinite(table).all(axis=1)
    if not finite.all():
        raise not_finite(int(np.argmin(finite)), name)
    return table


def not_finite(row: int, name: str) -> ValueError:
    """The error about a row that holds NaN or an infinity."""
    return ValueError(f"row {row} of {name} holds NaN or an infinity (as float32); only finite numbers are allowed.")


def _read(features: Any, name: str) -> npt.NDArray[Any]:
    try:
        if hasattr(features, "detach"):
            return _read_tensor(features.detach().cpu())
        array = np.asarray(features)
        return array.astype(np.float64) if array.dtype.kind == "O" else array
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        kind = type(features).__name__
        raise ValueError(
            f"{name}: a {kind} that numpy cannot read ({error}); a table (n, d) of real numbers is needed."
        ) from error


def _read_tensor(tensor: Any) -> npt.NDArray[Any]:
    try:
        return np.asarray(tensor)
    except TypeError:  # numpy has no bfloat16.
        return np.asarray(tensor.float())

"""Columns that the user's own function makes of the network's output: one value per sample."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_neuromapper.training.probe.labels import as_array, check_unicode, is_missing

# Columns with a meaning of their own, in the order in which they are displayed; these are numbers.
KNOWN = ("predicted", "confidence", "loss", "accuracy")
_MAX_COLUMNS = 64
_MAX_NAME = 100


def call_for_columns(
    function: Callable[[Any, Any], Any], output: Any, labels: Any, n_rows: int
) -> dict[str, npt.NDArray[Any]] | str:
    """What the function returns for a batch, checked; or what is wrong with it.

    Args:
        function: Gets what the network returned, and the batch's labels.
        output: The network's output.
        labels: As the probe gives them, on the output's device; None without labels.
        n_rows: Samples in the batch.

    Returns:
        By name (n_rows,) int64 (predicted classes), float32, or object (texts, None = none); or a sentence.
    """
    try:
        found = function(output, labels)
    except Exception as error:  # the user's code may raise anything
        return f"outcomes() failed with {type(error).__name__}: {error}"
    if not isinstance(found, Mapping):
        return f"outcomes() returned a {type(found).__name__}; it must return a dict of columns"
    if len(found) > _MAX_COLUMNS:
        return f"outcomes() returned {len(found)} columns; at most {_MAX_COLUMNS} are allowed"
    try:
        return {_check_name(name): _check_column(name, values, n_rows) for name, values in found.items()}
    except ValueError as error:
        return str(error)


def join_columns(parts: Sequence[Mapping[str, npt.NDArray[Any]]]) -> dict[str, npt.NDArray[Any]]:
    """The columns of several batches with the same names as one."""
    return {name: np.concatenate([part[name] for part in parts]) for name in (parts[0] if parts else {})}


def as_codes(texts: npt.NDArray[Any]) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Texts (n,) as places in a sorted list of the distinct ones, -1 = none; and that list."""
    names = sorted({text for text in texts.tolist() if text is not None})
    places = {name: place for place, name in enumerate(names)}
    return np.array([places.get(text, -1) for text in texts.tolist()], dtype=np.int64), names


def _check_name(name: Any) -> str:
    if not isinstance(name, str) or not 0 < len(name) <= _MAX_NAME:
        raise ValueError(f"outcomes() named a column {name!r}; names must be texts of 1 to {_MAX_NAME} characters")
    return check_unicode(name, "a column's name of outcomes()")


def _check_column(name: str, values: Any, n_rows: int) -> npt.NDArray[Any]:
    array = as_array(values, f"column {name!r} of outcomes()")
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.shape != (n_rows,):
        raise ValueError(
            f"column {name!r} of outcomes() has shape {array.shape}, but the batch has {n_rows} samples; one value per "
            f"sample, shape ({n_rows},), is needed"
        )
    known = [value for value in array.tolist() if not is_missing(value)]
    if name == "predicted" and array.dtype.kind in "iub":
        return array.astype(np.int64)
    if all(isinstance(value, (bool, int, float)) for value in known):
        return np.array([np.nan if is_missing(value) else float(value) for value in array.tolist()], dtype=np.float32)
    if name not in KNOWN and all(isinstance(value, str) for value in known):
        texts = [None if is_missing(value) else check_unicode(value, f"column {name!r}") for value in array.tolist()]
        return np.array(texts, dtype=object)
    allowed = "numbers" if name in KNOWN else "numbers, booleans or texts"
    raise ValueError(f"column {name!r} of outcomes() holds {array.dtype}; only {allowed} are allowed")

"""Labels in the forms that users and probes give them, as one array."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

# Integers that stand for "no label"; -100 is what torch's losses ignore by default.
IGNORED = (-1, -100)


@dataclass(frozen=True)
class Labels:
    """What colours the samples: classes or targets, at most one of them.

    Attributes:
        classes: int64 (n,), -1 = no label.
        targets: float32 (n,), NaN = no target.
        names: Names of the classes, where the labels were texts.
        columns: float32 (n,) by name, where a sample has several labels or targets.
    """

    classes: npt.NDArray[np.int64] | None = None
    targets: npt.NDArray[np.float32] | None = None
    names: Sequence[str] | None = None
    columns: tuple[tuple[str, npt.NDArray[np.float32]], ...] = ()


@dataclass(frozen=True)
class RawLabels:
    """Labels before it is known what they mean.

    Attributes:
        values: int64 or float32, (n,) or (n, k, ...); integers below 0 and NaN as they came.
        names: Where the labels were texts, the text of each integer in `values`.
        are_ordered: Whether `names` are the user's `class_names`, so that their order is that of the network's outputs.
        origin: What to call them in an error.
    """

    values: npt.NDArray[Any]
    names: Sequence[str] | None = None
    are_ordered: bool = False
    origin: str = "labels"

    @property
    def is_flat(self) -> bool:
        """Whether there is one value per sample."""
        return self.values.ndim == 1


def read_labels(values: Any, class_names: Sequence[str] | None, *, origin: str = "labels") -> RawLabels:
    """Labels as an array: integers (or booleans), floats, or texts, which become integers.

    Args:
        values: A sequence, array or tensor (n,) or (n, ...), one entry per sample; None entries are no label.
        class_names: Names of the classes; texts are looked up in them.
        origin: What to call `values` in an error.

    Raises:
        ValueError: Something else, an infinite target, or a text that is none of the class names.
    """
    if isinstance(values, (list, tuple)) and any(isinstance(value, str) for value in values):
        # Else numpy would make texts of None and NaN, too.
        array = np.fromiter(values, dtype=object, count=len(values))
    else:
        array = as_array(values, origin)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim == 0:
        raise ValueError(f"{origin} is a single value; give one per sample.")
    if array.dtype.kind in "OUS" and array.ndim == 1:
        array = _known_kind(list(array), origin)
        if array.dtype.kind == "U":
            return _from_texts(array.tolist(), class_names, origin)
    if array.dtype.kind == "f":
        floats = array.astype(np.float32)
        if np.isinf(floats).any():
            raise ValueError(f"{origin} holds infinite targets; give finite floats, or NaN for none.")
        return RawLabels(floats, origin=origin)
    if array.dtype.kind not in "iub":
        raise ValueError(f"{origin} holds {array.dtype}; give integers or texts (classes), or floats (targets).")
    return RawLabels(array.astype(np.int64), origin=origin)


def check_classes(
    classes: npt.NDArray[np.int64], class_names: Sequence[str] | None, *, origin: str = "labels"
) -> npt.NDArray[np.int64]:
    """Classes (n,) with -1 for every sample without a label.

    Raises:
        ValueError: A class is negative, or beyond the names.
    """
    found = np.where(np.isin(classes, IGNORED), -1, classes)
    n_classes = None if class_names is None else len(class_names)
    bad = (found < -1) if n_classes is None else (found < -1) | (found >= n_classes)
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        allowed = "0 or more" if n_classes is None else f"0 to {n_classes - 1} (class_names has {n_classes})"
        raise ValueError(
            f"{origin}[{row}] is {int(classes[row])}; classes must be {allowed}, or -1 or -100 for no label. "
            'If the labels are numbers that the network predicts, give outcomes="targets".'
        )
    return found


def as_array(values: Any, origin: str) -> npt.NDArray[Any]:
    """A sequence, array or tensor as a numpy array.

    Raises:
        ValueError: It cannot become one.
    """
    if isinstance(values, torch.Tensor):
        values = values.detach().cpu()
        array: npt.NDArray[Any] = (values.float() if values.dtype == torch.bfloat16 else values).numpy()
        return array
    try:
        return np.asarray(list(values) if isinstance(values, (range, map, filter)) else values)
    except ValueError as error:
        raise ValueError(f"{origin} is no regular array ({error}); give one value per sample.") from None


def is_missing(value: Any) -> bool:
    """Whether a value stands for nothing: None, NaN, or pandas' NA and NaT."""
    is_nan = isinstance(value, float) and value != value
    return value is None or is_nan or type(value).__name__ in ("NAType", "NaTType")


def check_unicode(text: str, origin: str) -> str:
    """The text.

    Raises:
        ValueError: It is no valid Unicode.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(
            f"{origin} is {text!r}, which is no valid Unicode: it holds a lone surrogate. Decode file names and the "
            'like with errors="replace" instead of "surrogateescape".'
        ) from None
    return text


def check_all_unicode(texts: Iterable[Any], origin: str) -> list[str]:
    """The texts, each checked by `check_unicode`."""
    return [check_unicode(str(text), f"{origin}[{i}]") for i, text in enumerate(texts)]


def _known_kind(values: list[Any], origin: str) -> npt.NDArray[Any]:
    """Integers, floats or texts (missing = "") of a column of objects."""
    known = [value for value in values if not is_missing(value)]
    if known and all(isinstance(value, str) for value in known):
        return np.array(["" if is_missing(value) else value for value in values], dtype=np.str_)
    if all(isinstance(value, (int, np.integer, np.bool_)) for value in known):
        return np.array([-1 if is_missing(value) else int(value) for value in values], dtype=np.int64)
    if all(isinstance(value, (int, float, np.number)) for value in known):
        return np.array([np.nan if is_missing(value) else float(value) for value in values], dtype=np.float32)
    kinds = ", ".join(sorted({type(value).__name__ for value in known}))
    raise ValueError(f"{origin} holds {kinds}; give integers or texts (classes), or floats (targets).")


def _from_texts(texts: list[str], class_names: Sequence[str] | None, origin: str) -> RawLabels:
    """Texts as their places among the class names, or among themselves in alphabetical order; "" is no label."""
    texts = check_all_unicode(texts, origin)
    names = list(class_names) if class_names is not None else sorted(set(texts) - {""})
    places = {name: place for place, name in enumerate(names)}
    unknown = next((row for row, text in enumerate(texts) if text and text not in places), None)
    if unknown is not None:
        raise ValueError(f"{origin}[{unknown}] is {texts[unknown]!r}, which is none of class_names.")
    found = np.array([places.get(text, -1) for text in texts], dtype=np.int64)
    return RawLabels(found, names, are_ordered=class_names is not None, origin=origin)

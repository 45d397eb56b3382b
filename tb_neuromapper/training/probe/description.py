"""What the user says about the probe's samples, checked once: ids, labels, class names, columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_neuromapper import schema
from tb_neuromapper.recording.records import RecordDraft
from tb_neuromapper.training.probe.labels import (
    Labels,
    RawLabels,
    as_array,
    check_all_unicode,
    check_classes,
    check_unicode,
    read_labels,
)
from tb_neuromapper.training.probe.thumbnails import to_pixels


@dataclass(frozen=True)
class Description:
    """Everything that the user said about the probe set; sizes are checked when the number of samples is known.

    Attributes:
        labels: Given apart from the probe, or None.
        class_names: Names of the classes, or None.
        sample_ids: Unique ints or strings, or None for row numbers.
        metadata: Columns float32, int64 or, for text, lists of str.
        describe: Gives the text that stands for a sample without a picture.
    """

    labels: RawLabels | None
    class_names: Sequence[str] | None
    sample_ids: Sequence[int] | Sequence[str] | None
    metadata: Mapping[str, npt.NDArray[Any] | list[str]]
    describe: Callable[[int], str] | None

    def check_size(self, n_samples: int) -> None:
        """Raise ValueError if something has another length than the probe."""
        lengths: dict[str, int] = {f"metadata column {name!r}": len(column) for name, column in self.metadata.items()}
        if self.sample_ids is not None:
            lengths["sample_ids"] = len(self.sample_ids)
        if self.labels is not None:
            lengths["labels"] = len(self.labels.values)
        for name, length in lengths.items():
            if length != n_samples:
                raise ValueError(
                    f"{name} has {length} entries, but the probe has {n_samples} samples; give one entry per sample."
                )

    def ids(self, n_samples: int) -> Sequence[int] | Sequence[str]:
        """The samples' ids; the row numbers, where none are given."""
        return range(n_samples) if self.sample_ids is None else self.sample_ids


def describe_probe(
    *,
    labels: Any,
    class_names: Any,
    sample_ids: Any,
    metadata: Any,
    describe: Callable[[int], str] | None,
    outcomes: Any = "auto",
) -> Description:
    """Check everything that can be checked before the probe is read; arguments as of `NeuroMapper`.

    Raises:
        ValueError: With what came, what is allowed and what to do.
    """
    names = _check_class_names(class_names)
    if describe is not None and not callable(describe):
        raise ValueError(f"describe is a {type(describe).__name__}; give a function from the row to a text.")
    return Description(
        labels=None if labels is None else _check_labels(labels, names, outcomes),
        class_names=names,
        sample_ids=None if sample_ids is None else _check_ids(sample_ids),
        metadata=_check_metadata(metadata),
        describe=describe,
    )


def probe_draft(
    description: Description, labels: Labels, n_samples: int, thumbnails: npt.NDArray[Any] | None
) -> RecordDraft:
    """The record that describes the samples.

    Args:
        description: What the user said about them.
        labels: Their classes or targets.
        n_samples: How many there are.
        thumbnails: (n_samples, height, width, channels) in the inputs' scale, or None.
    """
    arrays: dict[str, npt.NDArray[Any]] = {}
    texts: dict[str, Sequence[Any]] = {}
    ids = description.ids(n_samples)
    if isinstance(ids[0], str):
        texts["probe/ids"] = ids
    else:
        arrays["probe/ids"] = np.asarray(ids, dtype=np.int64)
    if labels.classes is not None:
        arrays["probe/labels"] = labels.classes
    if labels.targets is not None:
        arrays["probe/targets"] = labels.targets
    names = labels.names if description.class_names is None else description.class_names
    if names is not None:
        texts["probe/class_names"] = names
    if thumbnails is not None:
        arrays["probe/thumbnails"] = to_pixels(thumbnails)
    if description.describe is not None:
        texts["probe/descriptions"] = [_text(description.describe, i) for i in range(n_samples)]
    for name, column in {**dict(labels.columns), **description.metadata}.items():
        if isinstance(column, list):
            texts[f"probe/metadata/{name}"] = column
        else:
            arrays[f"probe/metadata/{name}"] = column
    arrays |= {name: schema.to_json_array(values) for name, values in texts.items()}
    return RecordDraft("probe", arrays, {"n_samples": n_samples}, frozenset(texts))


def _text(describe: Callable[[int], str], row: int) -> str:
    text = describe(row)
    if not isinstance(text, str):
        raise ValueError(f"describe({row}) returned a {type(text).__name__}; it must return a text (str).")
    return check_unicode(text, f"describe({row})")


def _check_class_names(names: Any) -> list[str] | None:
    if names is None:
        return None
    is_list = isinstance(names, (list, tuple)) or (isinstance(names, np.ndarray) and names.ndim == 1)
    if not is_list or not all(isinstance(name, str) for name in names):
        raise ValueError(f"class_names is {_short(names)}; give a list with one text (str) per class.")
    return check_all_unicode(names, "class_names")


def _check_labels(values: Any, class_names: Sequence[str] | None, outcomes: Any) -> RawLabels:
    """Labels; where they can only be classes, they are checked as such."""
    raw = read_labels(values, class_names)
    is_integer = raw.is_flat and raw.values.dtype.kind == "i"
    if is_integer and raw.names is None and outcomes not in ("targets", None) and not callable(outcomes):
        check_classes(raw.values, class_names)
    return raw


def _check_ids(values: Any) -> list[int] | list[str]:
    ids = as_array(values, "sample_ids").tolist() if hasattr(values, "shape") else list(values)
    if not (all(_is_int(i) for i in ids) or all(isinstance(i, str) for i in ids)):
        raise ValueError(f"sample_ids is {_short(ids)}; give integers only, or texts (str) only.")
    are_texts = bool(ids) and isinstance(ids[0], str)
    checked = check_all_unicode(ids, "sample_ids") if are_texts else [int(i) for i in ids]
    if len(set(checked)) < len(checked):
        seen: set[Any] = set()
        twice = next(i for i in checked if i in seen or seen.add(i))  # type: ignore[func-returns-value]
        raise ValueError(f"sample_ids holds {twice!r} more than once; each sample needs an id of its own.")
    if not are_texts and not all(-(2**63) <= int(i) < 2**63 for i in checked):
        raise ValueError("sample_ids holds an integer beyond 64 bits; give it as a text (str).")
    return checked


def _check_metadata(metadata: Any) -> dict[str, npt.NDArray[Any] | list[str]]:
    if metadata is None:
        return {}
    if not isinstance(metadata, Mapping):
        raise ValueError(f"metadata is a {type(metadata).__name__}; give a dict of columns, one value per sample.")
    return {_column_name(name): _check_column(name, column) for name, column in metadata.items()}


def _column_name(name: Any) -> str:
    if not isinstance(name, str) or not name:
        raise ValueError(f"metadata has a column named {name!r}; names must be non-empty texts (str).")
    return check_unicode(name, "a metadata column's name")


def _check_column(name: str, column: Any) -> npt.NDArray[Any] | list[str]:
    array = as_array(column, f"metadata column {name!r}")
    if array.ndim == 1 and array.dtype.kind in "iub":
        return array.astype(np.int64)
    if array.ndim == 1 and array.dtype.kind == "f":
        return array.astype(np.float32)
    if array.ndim == 1 and all(isinstance(value, str) for value in array):
        return check_all_unicode(array, f"metadata column {name!r}")
    raise ValueError(
        f"metadata column {name!r} is {_short(column)}; give a flat sequence of numbers only, or of texts (str) only."
    )


def _is_int(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _short(value: Any) -> str:
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 60 else text[:57] + '...'}"

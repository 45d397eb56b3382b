"""Decides what the network's output means, from the labels, the output and the network's last module."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from tb_neuromapper.training.probe.labels import IGNORED, Labels, RawLabels, check_classes
from tb_neuromapper.training.probe.outcomes import sums_to_one

SETTINGS = ("auto", "classes", "binary", "multilabel", "targets")
HOW_TO_SET = (
    'If it is something else, say what by `outcomes="classes"`, "binary", "multilabel", "targets" or a function; '
    "`outcomes=None` records none and says nothing."
)
# A probe may lack the last class by chance; of many classes, more than a tenth hardly.
_MIN_SHARE_OF_CLASSES = 0.9
_MAX_COLUMNS = 32


@dataclass(frozen=True)
class Meaning:
    """What the output, one row of values per sample, was taken for.

    Attributes:
        kind: "classes", "binary", "multilabel" or "targets"; "" = no outcomes.
        why_not: Without a kind, why.
        truth: What the output is compared with: int64 (n,) of "classes" and "binary" (-1 = none), float32 (n, k) of the
            others (NaN = none).
        labels: What colours the samples.
        remark: What else should be said, or "".
    """

    kind: str
    why_not: str
    truth: npt.NDArray[Any] = field(default_factory=lambda: np.empty(0))
    labels: Labels = field(default_factory=Labels)
    remark: str = ""


@dataclass(frozen=True)
class Evidence:
    """What speaks for a meaning.

    Attributes:
        rows: float32 (n, width) output.
        last: Class name of the module that gave the output, "" = not known.
        raw: The labels.
        class_names: The user's names of the classes, or None.
        is_told: Whether the user says what the output means; then less evidence is needed.
    """

    rows: torch.Tensor
    last: str
    raw: RawLabels
    class_names: Sequence[str] | None
    is_told: bool = False

    @property
    def width(self) -> int:
        """Values per sample."""
        return self.rows.shape[1]


def colors_only(raw: RawLabels | None, class_names: Sequence[str] | None, *, as_targets: bool = False) -> Labels:
    """Labels that colour the samples, whatever the output is.

    Args:
        raw: The labels; with several values per sample only one-hot ones can colour.
        class_names: Names of the classes, or None.
        as_targets: Whether integers are numbers rather than classes.

    Raises:
        ValueError: A class is negative, or beyond the names.
    """
    if raw is None or (not raw.is_flat and not is_one_hot(raw.values)):
        return Labels()
    if not raw.is_flat:
        return Labels(classes=raw.values.argmax(1).astype(np.int64))
    if raw.values.dtype.kind == "f" or as_targets:
        return Labels(targets=raw.values.astype(np.float32))
    return Labels(classes=check_classes(raw.values, raw.names or class_names, origin=raw.origin), names=raw.names)


def decide(setting: str, found: Evidence) -> Meaning:
    """What the output means, or why that cannot be said.

    Args:
        setting: One of SETTINGS.
        found: What speaks for one meaning or the other.

    Raises:
        ValueError: A class is negative, or beyond the names.
    """
    if setting == "auto":
        return _decide_flat(found) if found.raw.is_flat else _decide_wide(found)
    found = replace(found, is_told=True)
    if setting == "targets":
        return _targets(found)
    if setting == "multilabel":
        return _multilabel(found)
    if setting == "binary":
        return _binary(found)
    return _classes(found)


def is_one_hot(values: npt.NDArray[Any]) -> bool:
    """Whether each row (n, k) is one 1 among zeros."""
    is_binary = values.ndim == 2 and values.shape[1] > 1 and bool(np.isin(values, (0, 1)).all())
    return is_binary and bool((values.sum(1) == 1).all())


def is_bounded(last: str) -> bool:
    """Whether an activation function other than a sigmoid or softmax gives the output: such values are no logits."""
    kind = getattr(nn.modules.activation, last, None)
    return kind is not None and last not in ("Sigmoid", "Softmax", "Softmax2d", "LogSoftmax", "MultiheadAttention")


def _decide_flat(found: Evidence) -> Meaning:
    """One label per sample."""
    values = found.raw.values
    known = values[~_unknown(values)]
    are_binary = bool(np.isin(known, (0, 1)).all())
    if values.dtype.kind == "f":
        return _binary(found) if found.width == 1 and len(known) and are_binary else _targets(found)
    if found.width > 1:
        return _classes(found)
    if are_binary:
        return _binary(found)
    distinct = np.unique(known)
    if found.class_names or found.raw.names or np.array_equal(distinct, np.arange(len(distinct))):
        why = f"the output has 1 value, the labels {_count_classes(found)} classes"
        return _none(found, f'{why}; if the network predicts these numbers, give `outcomes="targets"`')
    return _targets(found, remark="integer labels that do not count classes from 0")


def _decide_wide(found: Evidence) -> Meaning:
    """Several labels per sample."""
    values = found.raw.values
    if values.ndim > 2 or values.shape[1] != found.width:
        return _none(found, f"the output has {_count(found.width, 'value')} per sample, the labels {_shape(values)}")
    if is_one_hot(values):
        return _classes(found)
    if np.isin(values[~_unknown(values)], (0, 1)).all():
        return _multilabel(found)
    if values.dtype.kind == "f" and (values >= 0).all() and np.allclose(values.sum(1), 1, atol=1e-3):
        return _none(found, "the labels look like probabilities of classes, which have no right or wrong")
    return _targets(found)


def _classes(found: Evidence) -> Meaning:
    raw, width = found.raw, found.width
    has_classes = is_one_hot(raw.values) or (raw.is_flat and raw.values.dtype.kind == "i")
    if not has_classes:
        kind = "are floats" if raw.is_flat else "have several values per sample and are not one-hot"
        return _none(found, f"the output has {_count(width, 'value')}, but the labels {kind}, so they are no classes")
    labels, n_classes = colors_only(raw, found.class_names), _count_classes(found)
    assert labels.classes is not None
    if width < 2 or n_classes > width or (found.class_names and not found.is_told and len(found.class_names) < width):
        return _none(found, f"the output has {_count(width, 'value')}, the labels {_count(n_classes, 'class')}")
    if raw.names and not raw.are_ordered and not found.is_told:
        return _none(
            found, "the labels are texts; give `class_names` in the order of the network's outputs, so that they fit"
        )
    is_known = found.is_told or n_classes == width or sums_to_one(found.rows) or found.last == "LogSoftmax"
    lacks_few = 2 <= n_classes >= min(width - 1, _MIN_SHARE_OF_CLASSES * width)
    if not is_known and not lacks_few:
        why = f"the output has {width} values, the labels {_count(n_classes, 'class')}"
        return _none(found, f"{why}; if it scores {width} classes, give `class_names`")
    return Meaning("classes", "", labels.classes, labels, _remark_on_classes(labels, n_classes, width))


def _remark_on_classes(labels: Labels, n_classes: int, width: int) -> str:
    if labels.names:
        return "the texts are numbered in the order of the class names"
    return f"the labels name {n_classes} of them" if n_classes < width else ""


def _binary(found: Evidence) -> Meaning:
    values = found.raw.values
    known = values[~_unknown(values)]
    if found.width != 1 or not found.raw.is_flat or not np.isin(known, (0, 1)).all():
        why = f"the output has {_count(found.width, 'value')} per sample, the labels {_shape(values)}"
        return _none(found, f"{why}; a binary classifier has one output and labels 0 and 1")
    if is_bounded(found.last) and not found.is_told:
        return _none(found, f"the network ends with {found.last}, whose values are neither logits nor probabilities")
    classes = np.where(_unknown(values), -1, values).astype(np.int64)
    return Meaning("binary", "", classes, Labels(classes=classes, names=found.raw.names))


def _multilabel(found: Evidence) -> Meaning:
    values = found.raw.values
    known = values[~_unknown(values)]
    if values.ndim != 2 or values.shape[1] != found.width or not np.isin(known, (0, 1)).all():
        why = f"the output has {_count(found.width, 'value')} per sample, the labels {_shape(values)}"
        return _none(found, f"{why}; several labels per sample are as many values 0 or 1 as the output has")
    if is_bounded(found.last) and not found.is_told:
        return _none(found, f"the network ends with {found.last}, whose values are neither logits nor probabilities")
    truth = np.where(_unknown(values), np.nan, values).astype(np.float32)
    return Meaning("multilabel", "", truth, Labels(columns=_columns(truth, found.class_names, "label")))


def _targets(found: Evidence, remark: str = "") -> Meaning:
    values = found.raw.values
    truth = values.astype(np.float32)
    truth = truth[:, None] if truth.ndim == 1 else truth
    if truth.ndim != 2 or truth.shape[1] != found.width or found.raw.names:
        kinds = "texts" if found.raw.names else _shape(values)
        return _none(found, f"the output has {_count(found.width, 'value')} per sample, the labels {kinds}")
    if found.width == 1:
        return Meaning("targets", "", truth, Labels(targets=truth[:, 0]), remark)
    return Meaning("targets", "", truth, Labels(columns=_columns(truth, found.class_names, "target")), remark)


def _none(found: Evidence, why: str) -> Meaning:
    return Meaning("", why, labels=colors_only(found.raw, found.class_names))


def _unknown(values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Which labels are none: NaN of floats, -1 and -100 of integers."""
    return np.isnan(values) if values.dtype.kind == "f" else np.isin(values, IGNORED)


def _count_classes(found: Evidence) -> int:
    """How many classes the names or the labels count."""
    names = found.raw.names or found.class_names
    if names:
        return len(names)
    if not found.raw.is_flat:
        return int(found.raw.values.shape[1])
    return int(found.raw.values.max(initial=-1)) + 1


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 'es' if noun.endswith('s') else 's'}"


def _shape(values: npt.NDArray[Any]) -> str:
    kind = "float" if values.dtype.kind == "f" else "integer"
    return f"one {kind}" if values.ndim == 1 else f"{' x '.join(str(size) for size in values.shape[1:])} {kind}s"


def _columns(
    truth: npt.NDArray[np.float32], names: Sequence[str] | None, noun: str
) -> tuple[tuple[str, npt.NDArray[np.float32]], ...]:
    n_columns = truth.shape[1]
    if n_columns > _MAX_COLUMNS:
        return ()
    words = names if names is not None and len(names) == n_columns else [f"{noun} {i}" for i in range(n_columns)]
    return tuple((word, np.ascontiguousarray(truth[:, i])) for i, word in enumerate(words))

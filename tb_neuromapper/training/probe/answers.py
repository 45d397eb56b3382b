"""Collects, batch by batch, what the network answers, for the outcomes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from tb_neuromapper.training.probe.last_module import LastModules
from tb_neuromapper.training.probe.outcome_columns import call_for_columns, join_columns
from tb_neuromapper.training.probe.positions import PositionSums, predicts_next_token, sum_positions
from tb_neuromapper.training.probe.reducers import main_tensor
from tb_neuromapper.training.probe.source import Batch, as_tensor, move
from tb_neuromapper.training.state import plain_precision

Setting = str | Callable[[Any, Any], Mapping[str, Any]] | None
# Wider labels are those of positions; they are compared batch by batch and not kept.
_MAX_KEPT_LABELS = 4096
NO_LABELS = "the probe has no labels"


@dataclass(frozen=True)
class Answers:
    """What the network answers for n samples.

    Attributes:
        rows: float32 (n, width) output, or None.
        positions: For outputs and labels at many positions, the sums of each batch; else empty.
        columns: What a function of the user gave, by name: (n,) numbers, or texts as objects.
        labels: What the probe says of its samples, joined, (n,) or (n, k); None if there are none, or not one shape.
        last: Class name of the module that gave the output, "" = not known.
        has_labels: Whether the probe says anything of its samples, joined or not.
        problem: Why there are neither rows, positions nor columns, or "".
    """

    rows: torch.Tensor | None = None
    positions: Sequence[PositionSums] = ()
    columns: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    labels: npt.NDArray[Any] | None = None
    last: str = ""
    has_labels: bool = False
    problem: str = ""

    def to_cpu(self) -> Answers:
        """The same on the CPU."""
        positions = [
            replace(part, by_scores={name: sums.cpu() for name, sums in part.by_scores.items()})
            for part in self.positions
        ]
        return replace(self, rows=None if self.rows is None else self.rows.cpu(), positions=positions)


class AnswerCollector:
    """Collects what the network answers.

    Args:
        setting: As `outcomes` of `NeuroMapper`.
        labels: The labels of all samples, where they were given apart from the probe.
        last: Class name of the module that gave the output at an earlier pass; None looks for it.
    """

    def __init__(self, setting: Setting, labels: Any = None, last: str | None = None) -> None:
        self._setting, self._given = setting, labels
        self._finder = LastModules()
        self._last = last
        self._rows: list[torch.Tensor] = []
        self._positions: list[PositionSums] = []
        self._columns: list[Mapping[str, npt.NDArray[Any]]] = []
        self._labels: list[Any] = []
        self._problem = ""
        self._n_batches = 0

    @contextmanager
    def watching(self, model: nn.Module) -> Iterator[None]:
        """Look for the network's last module while its first batch runs, if it is not known."""
        if self._last is not None or self._setting is None or callable(self._setting):
            yield
        else:
            with self._finder.watching(model):
                yield

    def see(self, model: nn.Module, batch: Batch, output: Any) -> None:
        """Take in a batch and what the network returned for it."""
        labels = batch.labels if self._given is None else self._given[batch.start : batch.start + batch.n_rows]
        self._labels.append(batch.labels)
        self._n_batches += 1
        if self._setting is None or self._problem:
            return
        if callable(self._setting):
            self._call(self._setting, batch, output, labels)
            return
        tensor = main_tensor(output, is_network=True)
        if tensor is None or tensor.is_complex():
            self._problem = f"the network returns {'complex numbers' if tensor is not None else 'no tensor'}"
            return
        if self._last is None:
            self._last = self._finder.name_of_source(tensor)
        with plain_precision(tensor.device):
            self._compare(model, batch, tensor, labels)

    def answers(self) -> Answers:
        """Everything seen."""
        labels, last = join_labels(self._labels), self._last or ""
        has_labels = any(part is not None for part in self._labels)
        n_parts = max(len(self._rows), len(self._positions), len(self._columns))
        widths = {row.shape[1] for row in self._rows}
        problem = self._problem
        if not problem and n_parts and (n_parts < self._n_batches or len(widths) > 1):
            problem = "the output's shape changes from batch to batch"
        if problem or not n_parts:
            return Answers(labels=labels, last=last, has_labels=has_labels, problem=problem)
        rows = torch.cat(self._rows) if self._rows else None
        return Answers(rows, self._positions, join_columns(self._columns), labels, last, has_labels)

    def _call(self, function: Callable[[Any, Any], Any], batch: Batch, output: Any, labels: Any) -> None:
        found = call_for_columns(function, output, move(labels, _device_of(output)), batch.n_rows)
        if isinstance(found, str):
            self._problem = found
        elif self._columns and set(found) != set(self._columns[0]):
            names = [", ".join(columns) or "nothing" for columns in (self._columns[0], found)]
            self._problem = f"outcomes() returned {names[0]} for some batches, {names[1]} for others"
        else:
            self._columns.append(found)

    def _compare(self, model: nn.Module, batch: Batch, tensor: torch.Tensor, labels: Any) -> None:
        places = _as_labels(labels)
        if places is not None and places.ndim > 1 and len(tensor) == places.shape[0] * places.shape[1] != len(places):
            tensor = tensor.reshape(*places.shape[:2], *tensor.shape[1:])
        if tensor.ndim == 0 or len(tensor) != batch.n_rows:
            self._problem = f"the output has shape {tuple(tensor.shape)} for {batch.n_rows} samples"
        elif tensor.ndim < 3 or tensor.numel() == len(tensor) * max(tensor.shape[1:]):
            self._rows.append(tensor.detach().reshape(len(tensor), -1).to(torch.float32, copy=True))
        elif places is None or places.ndim == 1:
            sizes = " x ".join(str(size) for size in tensor.shape[1:])
            kind = "are no numbers" if labels is not None and places is None else "have one value"
            self._problem = (
                NO_LABELS if labels is None else f"the output has {sizes} values per sample, the labels {kind}"
            )
        else:
            is_shifted = predicts_next_token(model, places, batch.args, batch.kwargs)
            found = sum_positions(tensor.detach(), places, last=self._last or "", is_next_token=is_shifted)
            self._problem = found if isinstance(found, str) else ""
            if not isinstance(found, str):
                self._positions.append(found)


def join_answers(parts: Sequence[Answers], order: npt.NDArray[np.int64], device: torch.device) -> Answers:
    """The answers of several ranks as one.

    Args:
        parts: Of the ranks that had samples.
        order: Rows of the joined parts in the probe's order.
        device: Where the rows are wanted.
    """
    problem = next((part.problem for part in parts if part.problem), "")
    labels = None
    if all(part.labels is not None for part in parts):
        labels = np.concatenate([part.labels for part in parts if part.labels is not None])[order]
    if problem:
        return Answers(labels=labels, last=parts[0].last, has_labels=parts[0].has_labels, problem=problem)
    on_device = torch.from_numpy(order)
    rows = [part.rows for part in parts if part.rows is not None]
    sums = [each for part in parts for each in part.positions]
    columns = join_columns([part.columns for part in parts])
    positions = []
    if sums:
        names = [name for name in sums[0].by_scores if all(name in each.by_scores for each in sums)]
        joined = {name: torch.cat([each.by_scores[name].cpu() for each in sums])[on_device] for name in names}
        is_one = len({(each.n_classes, each.is_shifted) for each in sums}) == 1
        positions = [replace(sums[0], by_scores=joined if is_one else {})]
    return Answers(
        rows=torch.cat([part.cpu() for part in rows])[on_device].to(device) if rows else None,
        positions=positions,
        columns={name: values[order] for name, values in columns.items()},
        labels=labels,
        last=parts[0].last,
        has_labels=parts[0].has_labels,
    )


def join_labels(parts: Sequence[Any]) -> npt.NDArray[Any] | None:
    """One array (n,) or (n, k) of the labels of all batches; None if they are none, or of different shapes."""
    if not parts or any(part is None for part in parts):
        return None
    arrays = []
    for part in parts:
        tensor = _as_labels(part)
        if tensor is not None and tensor[:1].numel() > _MAX_KEPT_LABELS:
            return None
        if tensor is not None:
            arrays.append(
                (tensor.float() if tensor.is_floating_point() else tensor).reshape(len(tensor), -1).cpu().numpy()
            )
        elif isinstance(part, (tuple, list)) and all(isinstance(each, str) or each is None for each in part):
            arrays.append(np.array(part, dtype=object)[:, None])
        else:
            return None
    if len({array.shape[1] for array in arrays}) > 1:
        return None
    return np.concatenate(arrays)


def _as_labels(labels: Any) -> torch.Tensor | None:
    """Labels as a tensor (n, ...), or None if they are no numbers."""
    if labels is None or isinstance(labels, (str, bytes, Mapping)):
        return None
    try:
        tensor = as_tensor(labels).detach()
    except (TypeError, ValueError, RuntimeError):
        return None
    return tensor if tensor.ndim > 0 and not tensor.is_complex() else None


def _device_of(output: Any) -> torch.device:
    tensor = main_tensor(output, is_network=True)
    return torch.device("cpu") if tensor is None else tensor.device

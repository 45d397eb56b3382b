"""One pass of the probe set through the network: features of every block, the output, fingerprints."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from tb_neuromapper.training.hooks import listening
from tb_neuromapper.training.probe import Batch, Fingerprints, ProbeSource, move
from tb_neuromapper.training.reducers import main_tensor, reduce_to_rows
from tb_neuromapper.training.state import undisturbed
from tb_neuromapper.training.thumbnails import ThumbnailCollector

OUTPUT = "output"


@dataclass(frozen=True)
class BlockRows:
    """Features of one block.

    Attributes:
        rows: float32 (n, d), on the model's device.
        reduction: How the output was reduced, in words.
        is_output: Whether the block returns the network's own output.
    """

    rows: torch.Tensor
    reduction: str
    is_output: bool


@dataclass(frozen=True)
class PassResult:
    """What one pass found; n rows, in the probe's order.

    Attributes:
        rows: int64 (n,) row of each sample in the probe set.
        blocks: By name, in the order in which the network runs them; the network's own output last, as "output",
            if it has one entry per sample.
        output: float32 (n, C), or None if the network does not give one row of scores per sample.
        fingerprints: int64 (n,).
        labels: What the probe says of its samples, or None.
        thumbnails: (n, height, width, channels) in the inputs' scale, or None.
    """

    rows: npt.NDArray[np.int64]
    blocks: Mapping[str, BlockRows]
    output: torch.Tensor | None
    fingerprints: npt.NDArray[np.int64]
    labels: npt.NDArray[Any] | None
    thumbnails: npt.NDArray[Any] | None


def run_pass(
    model: nn.Module,
    source: ProbeSource,
    names: Sequence[str],
    *,
    fingerprints: Fingerprints,
    thumbnail_size: int = 0,
    forward: Callable[[nn.Module, Any], Any] | None = None,
    rank: int = 0,
    n_ranks: int = 1,
) -> PassResult:
    """Run the probe set through the network and leave no trace in it.

    Args:
        model: The network, without wrappers.
        source: The probe set.
        names: Modules to listen to.
        fingerprints: Kept between passes, so that its weights are drawn once.
        thumbnail_size: 0 collects no thumbnails.
        forward: Calls the model on a batch's inputs, if `model(*args, **kwargs)` does not fit.
        rank: Which share of the probe set to run.
        n_ranks: Number of shares.

    Raises:
        ValueError: A block's output has no entry per sample, or the probe's batches hold no tensors.
    """
    device = device_of(model)
    recorder = _Recorder(model)
    rows, prints, labels = [], [], []
    thumbnails = ThumbnailCollector(thumbnail_size)
    with undisturbed(model, source.generator), listening(model, names, recorder.hear):
        for batch in source.batches(rank, n_ranks):
            thumbnails.add(batch)
            labels.append(batch.labels)
            rows.append(np.arange(batch.start, batch.start + batch.n_rows))
            args, kwargs = move(batch.args, device), move(batch.kwargs, device)
            prints.append(fingerprints.of((args, kwargs), batch.n_rows))
            recorder.begin(batch, _mask_of(kwargs))
            recorder.end(_call(model, args, kwargs, forward))
    return PassResult(
        rows=np.concatenate([np.empty(0, np.int64), *rows]),
        blocks=recorder.blocks(),
        output=recorder.output(),
        fingerprints=torch.cat(prints).cpu().numpy() if prints else np.empty(0, np.int64),
        labels=_join_labels(labels),
        thumbnails=thumbnails.parts(),
    )


def device_of(model: nn.Module) -> torch.device:
    """Device of the first parameter or buffer; the CPU if there is none."""
    for tensor in (*model.parameters(), *model.buffers()):
        return tensor.device
    return torch.device("cpu")


def _call(
    model: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any], forward: Callable[[nn.Module, Any], Any] | None
) -> Any:
    if forward is None:
        return model(*args, **kwargs)
    inputs = kwargs or (args[0] if len(args) == 1 else args)
    return forward(model, inputs)


def _mask_of(kwargs: Mapping[str, Any]) -> torch.Tensor | None:
    mask = kwargs.get("attention_mask")
    return mask if isinstance(mask, torch.Tensor) and mask.ndim == 2 else None


def _join_labels(parts: Sequence[Any]) -> npt.NDArray[Any] | None:
    """One array of labels, or None if the probe has none that can be shown."""
    if not parts or any(part is None for part in parts):
        return None
    try:
        arrays = [torch.as_tensor(part).detach().cpu() for part in parts]
        labels = torch.cat([array.reshape(len(array), -1) for array in arrays])
        return (labels.float() if labels.is_floating_point() else labels).numpy()
    except (TypeError, ValueError, RuntimeError):
        return None


class _Recorder:
    """Collects what the hooks hear, batch by batch."""

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._batches: dict[str, list[torch.Tensor]] = {}
        self._words: dict[str, str] = {}
        self._raw: dict[str, weakref.ref[torch.Tensor]] = {}
        self._current: dict[str, torch.Tensor] = {}
        self._outputs: list[torch.Tensor] = []
        self._output_blocks: set[str] = set()
        self._batch: Batch | None = None
        self._mask: torch.Tensor | None = None

    def begin(self, batch: Batch, mask: torch.Tensor | None) -> None:
        self._batch, self._mask, self._current, self._raw = batch, mask, {}, {}

    def hear(self, name: str, module: nn.Module, output: Any) -> None:
        """A block that runs several times in one forward pass counts as it was the last time."""
        tensor = main_tensor(output)
        if tensor is None or self._batch is None:
            raise ValueError(
                f"block {name!r} returns a {type(output).__name__} without a tensor; leave it out of blocks."
            )
        with _plain_precision(tensor):
            self._current[name] = self._reduce(name, tensor, module)
        # Weak, so that listening keeps no activations alive.
        self._raw[name] = weakref.ref(tensor)

    def end(self, output: Any) -> None:
        for name, rows in self._current.items():
            self._batches.setdefault(name, []).append(rows)
        tensor = main_tensor(output, is_network=True)
        if tensor is None:
            return
        self._output_blocks |= {name for name, raw in self._raw.items() if _is_same(raw(), tensor)}
        with _plain_precision(tensor):
            rows = self._reduce(OUTPUT, tensor, self._model)
        self._outputs.append(rows)

    def _reduce(self, name: str, tensor: torch.Tensor, module: nn.Module) -> torch.Tensor:
        assert self._batch is not None
        try:
            rows, words = reduce_to_rows(tensor, n_rows=self._batch.n_rows, module=module, mask=self._mask)
        except ValueError as error:
            raise ValueError(f"block {name!r}: {error}") from None
        self._words[name] = words
        return rows

    def blocks(self) -> dict[str, BlockRows]:
        found = {
            name: BlockRows(torch.cat(parts), self._words[name], name in self._output_blocks)
            for name, parts in self._batches.items()
        }
        if self._outputs and OUTPUT not in found:
            found[OUTPUT] = BlockRows(torch.cat(self._outputs), self._words[OUTPUT], True)
        return found

    def output(self) -> torch.Tensor | None:
        is_row_of_scores = bool(self._outputs) and self._words[OUTPUT] == "none"
        return torch.cat(self._outputs) if is_row_of_scores else None


def _plain_precision(tensor: torch.Tensor) -> Any:
    """Means are taken in float32, also where the user trains under autocast."""
    kind = tensor.device.type
    return torch.autocast(kind, enabled=False) if kind in ("cpu", "cuda", "xpu") else nullcontext()


def _is_same(a: torch.Tensor | None, b: torch.Tensor) -> bool:
    return a is b or (
        a is not None and a.data_ptr() == b.data_ptr() and a.shape == b.shape and a.stride() == b.stride()
    )

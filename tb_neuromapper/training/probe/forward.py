"""One pass of the probe set through the network: features of every block, the output, fingerprints."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from tb_neuromapper.training.probe.answers import AnswerCollector, Answers
from tb_neuromapper.training.probe.blocks import hooked
from tb_neuromapper.training.probe.reducers import main_tensor, reduce_to_rows, sample_axes
from tb_neuromapper.training.probe.source import Batch, Fingerprints, ProbeSource, move
from tb_neuromapper.training.probe.thumbnails import ThumbnailCollector
from tb_neuromapper.training.state import plain_precision, undisturbed

# What the network itself is called among its modules.
_NETWORK = ""


@dataclass(frozen=True)
class BlockRows:
    """Features of one block.

    Attributes:
        rows: float32 (n, d), on the model's device.
        reduction: How the output was reduced, for people: "none", "token mean" and the like.
        is_output: Whether the block returns the network's own output.
    """

    rows: torch.Tensor
    reduction: str
    is_output: bool

    def to_cpu(self) -> BlockRows:
        """The same on the CPU."""
        return BlockRows(self.rows.cpu(), self.reduction, self.is_output)


@dataclass(frozen=True)
class PassResult:
    """What one pass found; n rows, in the probe's order.

    Attributes:
        rows: int64 (n,) row of each sample in the probe set.
        blocks: By name, in the order in which the network runs them.
        network: The network's own output, or None if it is no tensor.
        fingerprints: int64 (n,).
        answers: What the network answers, and what the probe says of its samples.
        thumbnails: (n, height, width, channels) in the inputs' scale, or None.
    """

    rows: npt.NDArray[np.int64]
    blocks: Mapping[str, BlockRows]
    network: BlockRows | None
    fingerprints: npt.NDArray[np.int64]
    answers: Answers
    thumbnails: npt.NDArray[Any] | None


def run_pass(
    model: nn.Module,
    source: ProbeSource,
    names: Sequence[str],
    *,
    fingerprints: Fingerprints,
    answers: AnswerCollector,
    thumbnail_size: int = 0,
    forward: Callable[[nn.Module, Any], Any] | None = None,
    rank: int = 0,
    n_ranks: int = 1,
) -> PassResult:
    """Run the probe set through the network and leave no trace in it.

    Args:
        model: The network, without wrappers.
        source: The probe set.
        names: Modules whose outputs are collected.
        fingerprints: Kept between passes, so that its weights are drawn once.
        answers: Collects what the network answers.
        thumbnail_size: 0 collects no thumbnails.
        forward: Calls the model on a batch's inputs, if `model(*args, **kwargs)` does not fit.
        rank: Which share of the probe set to run.
        n_ranks: Number of shares.

    Raises:
        ValueError: A block's output has no entry per sample, a block runs in some batches only, or the probe's batches
            hold no tensors.
    """
    device = device_of(model)
    collector = _BlockCollector(model)
    rows, prints = [], []
    thumbnails = ThumbnailCollector(thumbnail_size)
    with (
        undisturbed(model, source.generator),
        hooked(model, names, collector.collect),
        answers.watching(model),
    ):
        for batch in source.batches(rank, n_ranks):
            thumbnails.add(batch)
            rows.append(np.arange(batch.start, batch.start + batch.n_rows))
            args, kwargs = move(batch.args, device), move(batch.kwargs, device)
            prints.append(fingerprints.of((args, kwargs), batch.n_rows))
            collector.begin(batch, _mask_of(kwargs))
            output = _call(model, args, kwargs, forward)
            collector.end(output)
            answers.see(model, batch, output)
    return PassResult(
        rows=np.concatenate([np.empty(0, np.int64), *rows]),
        blocks=collector.blocks(),
        network=collector.network(),
        fingerprints=torch.cat(prints).cpu().numpy() if prints else np.empty(0, np.int64),
        answers=answers.answers(),
        thumbnails=thumbnails.parts(),
    )


def refuse_partial(name: str, n_found: int, n_rows: int) -> None:
    """Raise ValueError if a block ran for some of the probe's samples only."""
    if n_found != n_rows:
        raise ValueError(
            f"block {name!r} ran for {n_found} of {n_rows} samples of the probe; only blocks that run in every batch "
            "can be logged. Leave it out: give `blocks` without it."
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


class _BlockCollector:
    """Collects the outputs of the blocks and of the network, batch by batch."""

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._n_rows = 0
        # Per block and batch the rows by the axis that was taken for the samples'.
        self._batches: dict[str, list[Mapping[int, torch.Tensor]]] = {}
        self._axes: dict[str, int] = {}
        self._reductions: dict[str, str] = {}
        self._raw: dict[str, weakref.ref[torch.Tensor]] = {}
        self._current: dict[str, Mapping[int, torch.Tensor]] = {}
        self._output_blocks: set[str] = set()
        self._batch: Batch | None = None
        self._mask: torch.Tensor | None = None

    def begin(self, batch: Batch, mask: torch.Tensor | None) -> None:
        self._batch, self._mask, self._current, self._raw = batch, mask, {}, {}
        self._n_rows += batch.n_rows

    def collect(self, name: str, module: nn.Module, output: Any) -> None:
        """A block that runs several times in one forward pass counts as it was the last time."""
        tensor = main_tensor(output)
        if tensor is None or self._batch is None:
            raise ValueError(
                f"block {name!r} returns a {type(output).__name__} without a tensor; leave it out of blocks."
            )
        self._current[name] = self._reduce(name, tensor, module)
        # Weak, so that no activations are kept alive.
        self._raw[name] = weakref.ref(tensor)

    def end(self, output: Any) -> None:
        tensor = main_tensor(output, is_network=True)
        if tensor is not None:
            self._output_blocks |= {name for name, raw in self._raw.items() if _is_same(raw(), tensor)}
            self._current[_NETWORK] = self._reduce(_NETWORK, tensor, self._model)
        for name, found in self._current.items():
            self._batches.setdefault(name, []).append(found)

    def _reduce(self, name: str, tensor: torch.Tensor, module: nn.Module) -> Mapping[int, torch.Tensor]:
        """The batch's rows; along both axes while it is not known which is the samples'."""
        assert self._batch is not None
        n_rows, found = self._batch.n_rows, {}
        try:
            axes = sample_axes(tensor, n_rows=n_rows, module=module)
        except ValueError as error:
            raise ValueError(f"{f'block {name!r}' if name else 'the network'}: {error}") from None
        if len(axes) == 1:
            self._axes.setdefault(name, axes[0])
        elif name in self._axes:
            axes = (self._axes[name],)
        with plain_precision(tensor.device):
            for axis in axes:
                found[axis], self._reductions[name] = reduce_to_rows(
                    tensor, n_rows=n_rows, module=module, mask=self._mask, axis=axis
                )
        return found

    def blocks(self) -> dict[str, BlockRows]:
        found = {name: self._join(name) for name in self._batches if name != _NETWORK}
        for name, block in found.items():
            refuse_partial(name, len(block.rows), self._n_rows)
        return found

    def network(self) -> BlockRows | None:
        widths = {found.shape[-1] for each in self._batches.get(_NETWORK, []) for found in each.values()}
        # Similarities of a batch's samples with each other are as wide as the batch: no features of a sample.
        found = self._join(_NETWORK) if len(widths) == 1 else None
        return found if found is not None and len(found.rows) == self._n_rows else None

    def _join(self, name: str) -> BlockRows:
        """All batches; one with as many tokens as samples follows the batches where the samples' axis is plain."""
        parts = [found.get(self._axes.get(name, -1), next(iter(found.values()))) for found in self._batches[name]]
        return BlockRows(torch.cat(parts), self._reductions[name], name == _NETWORK or name in self._output_blocks)


def _is_same(a: torch.Tensor | None, b: torch.Tensor) -> bool:
    return a is b or (
        a is not None and a.data_ptr() == b.data_ptr() and a.shape == b.shape and a.stride() == b.stride()
    )

"""What one training step does to each parameter: its gradient as it arrives, as the optimizer sees it, its change.

Gradients are reduced in the moment they have arrived, before anything can clip or clear them. Of the weights, some
values are copied when their first gradient of the step arrives, because only these show the change.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from tb_neuromapper.training.gradients.edges import Edges, keep_edges
from tb_neuromapper.training.gradients.layers import Layer
from tb_neuromapper.training.gradients.statistics import ReducedTensor, dense, real, reduce, strided_sample
from tb_neuromapper.training.gradients.weights import WeightBlock

_MAX_FRAMES = 12
# Older versions of torch have it for CUDA alone.
_SCALER = getattr(torch.amp, "GradScaler", torch.cuda.amp.GradScaler)


@dataclass(eq=False)
class WatchedParameter:
    """One parameter during a recorded step; tensors are on its device.

    Attributes:
        parameter: The parameter.
        weight_blocks: (layer's name, block) of the connections that it makes.
        n_backwards: Backward passes that have added to its gradient.
        n_before_step: Those of them that came before the optimizer's step began.
        before: float32 (m,), its values before the step, or an even sample of at most SAMPLE_SIZE of them.
        gradient: Its gradient, reduced, as the last backward pass left it.
        edges: Kept connections of each of the weight blocks.
        version: Memory address and version of the gradient then, which show whether it has been changed since.
        clipped_norm: float32 (), the norm of the gradient that the optimizer saw, or None if none stepped.
        learning_rate: Of its group in the optimizer.
        is_stepped: An optimizer has used the gradient; a gradient that comes later belongs to another step.
    """

    parameter: nn.Parameter
    weight_blocks: list[tuple[str, WeightBlock]] = field(default_factory=list)
    n_backwards: int = 0
    n_before_step: int = 0
    before: Tensor | None = None
    gradient: ReducedTensor | None = None
    edges: list[Edges] = field(default_factory=list)
    version: tuple[int, int] = (0, 0)
    clipped_norm: Tensor | None = None
    learning_rate: float | None = None
    is_stepped: bool = False


class ParameterWatch:
    """Follows the parameters of a network through one training step, from construction to `release`.

    Args:
        layers: The layers whose connections are kept, by the parameter that makes them.
        parameters: All parameters, each once.
        limit: Edges of a layer.
        safely: Runs a hook's work so that no error reaches the training loop.

    Attributes:
        watched: The parameters by the `id` of the tensor.
        scaler: The GradScaler that scales the loss, or None as long as none is known.
        scale: float32 (), by what it scales the loss, or None.
        n_optimizer_steps: Steps that optimizers of torch.optim took with any of the parameters.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        parameters: Sequence[nn.Parameter],
        limit: int,
        safely: Callable[..., None],
    ) -> None:
        self.watched = {id(parameter): WatchedParameter(parameter) for parameter in parameters}
        for layer in layers:
            for block in layer.weight_blocks:
                self.watched[id(block.parameter)].weight_blocks.append((layer.name, block))
        self._n_blocks = {layer.name: len(layer.weight_blocks) for layer in layers}
        self._limit = limit
        self.scaler: Any = None
        self.scale: Tensor | None = None
        self.n_optimizer_steps = 0
        self._handles: list[Any] = [
            item.parameter.register_post_accumulate_grad_hook(  # type: ignore[no-untyped-call]
                partial(safely, self._on_accumulated, item)
            )
            for item in self.watched.values()
            if item.parameter.requires_grad and item.parameter.is_leaf
        ]
        self._handles += [
            register_optimizer_step_pre_hook(lambda *call: safely(self._before_step, call[0])),
            register_optimizer_step_post_hook(lambda *call: safely(self._after_step, call[0])),
        ]

    @property
    def n_backwards(self) -> int:
        """The most backward passes that have added to one gradient."""
        return max((item.n_backwards for item in self.watched.values()), default=0)

    def release(self) -> None:
        """Take all hooks away."""
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def _on_accumulated(self, item: WatchedParameter, parameter: nn.Parameter) -> None:
        if parameter.grad is None or item.is_stepped:
            return
        item.n_backwards += 1
        if item.before is None:
            item.before = strided_sample(parameter.detach())
        self._reduce(item, parameter.grad)

    def _reduce(self, item: WatchedParameter, gradient: Tensor) -> None:
        item.version = (gradient.data_ptr() if not gradient.is_sparse else 0, gradient._version)
        values = dense(gradient)
        item.gradient = reduce(values)
        item.edges = [
            keep_edges(block, values, self._limit // self._n_blocks[name]) for name, block in item.weight_blocks
        ]

    def _before_step(self, optimizer: torch.optim.Optimizer) -> None:
        """The optimizer is about to use the gradients: what clipping has left of them is in `grad`."""
        self._find_scaler()
        for item, group in self._items_of(optimizer):
            item.learning_rate = _number(group.get("lr"))
            item.n_before_step = item.n_backwards
            gradient = item.parameter.grad
            if gradient is None or item.is_stepped:
                continue
            if item.before is None:
                item.before = strided_sample(item.parameter.detach())
            if item.gradient is None:
                self._reduce(item, gradient)
            self._note_clipped_norm(item, gradient, optimizer)

    def _after_step(self, optimizer: torch.optim.Optimizer) -> None:
        found = list(self._items_of(optimizer))
        self.n_optimizer_steps += bool(found)
        for item, _ in found:
            # A closure has run backward inside the optimizer's step, as L-BFGS wants it.
            if item.n_backwards > item.n_before_step and item.parameter.grad is not None and not item.is_stepped:
                self._note_clipped_norm(item, item.parameter.grad, optimizer)
            item.is_stepped = item.clipped_norm is not None

    def _note_clipped_norm(self, item: WatchedParameter, gradient: Tensor, optimizer: torch.optim.Optimizer) -> None:
        version = (gradient.data_ptr() if not gradient.is_sparse else 0, gradient._version)
        scale = getattr(optimizer, "grad_scale", None)
        if version == item.version and item.gradient is not None and (scale is not None or self.scale is None):
            norm = item.gradient.norm()
        else:
            norm = torch.linalg.vector_norm(real(dense(gradient)).float())
        item.clipped_norm = norm if scale is None else norm / scale

    def _items_of(self, optimizer: torch.optim.Optimizer) -> Iterator[tuple[WatchedParameter, dict[str, Any]]]:
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                item = self.watched.get(id(parameter))
                if item is not None:
                    yield item, group

    def _find_scaler(self) -> None:
        """Find the GradScaler that calls the optimizer, before its `update` changes the scale."""
        scaler = self.scaler if self.scaler is not None else _calling_scaler()
        if scaler is not None:
            self.scaler = scaler
        if self.scale is None and scaler is not None:
            self.scale = current_scale(scaler)


def current_scale(scaler: Any) -> Tensor | None:
    """float32 (): by what a GradScaler scales the loss now; None if it is switched off."""
    if not scaler.is_enabled():
        return None
    scale = getattr(scaler, "_scale", None)
    return scale.detach().clone().float() if isinstance(scale, Tensor) else torch.tensor(float(scaler.get_scale()))


def _calling_scaler() -> Any:
    """The GradScaler whose `step` has called the optimizer, if one has."""
    frame: FrameType | None = sys._getframe(1)
    for _ in range(_MAX_FRAMES):
        if frame is None:
            return None
        caller = frame.f_locals.get("self")
        if isinstance(caller, _SCALER):
            return caller
        frame = frame.f_back
    return None


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None

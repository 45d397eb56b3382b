"""What the calls of one layer show of its units: statistics of the activations forward, sums of dL/da backward."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from tb_neuromapper.training.gradients.layers import Layer
from tb_neuromapper.training.gradients.reductions import (
    MEAN_SIZE,
    absolute,
    beyond,
    is_all_finite,
    itself,
    nonzero,
    unit_means,
)

_NEVER_NEGATIVE = ("ReLU", "ReLU6", "Sigmoid")
# How far from their middle the values of a bounded function count as saturated.
_BOUNDED = {"Sigmoid": (0.5, 0.45), "Tanh": (0.0, 0.95)}


@dataclass(eq=False)
class LayerCall:
    """One call of a layer with U units; tensors are on its device.

    Attributes:
        layer: The layer.
        shape: Of the output.
        axis: Of the output, along which the units lie.
        statistics: float32 (3, U), as `unit_statistics` of the activations a; None if a is not known.
        gradient: float32 (2, U): sums of abs(dL/da) and of dL/da; None as long as none has come.
        activation: The function whose output a is, or None if a is the layer's own output.
        is_replaced: The gradient of an activation function's output is awaited, not that of the layer's own.
        pending: The layer's own output and its version, as long as an activation function is expected to follow.
    """

    layer: Layer
    shape: tuple[int, ...]
    axis: int
    statistics: Tensor | None
    gradient: Tensor | None = None
    activation: str | None = None
    is_replaced: bool = False
    pending: tuple[Tensor, int] | None = None

    @property
    def n_values(self) -> int:
        """Values of one unit: samples times positions."""
        return math.prod(self.shape) // self.shape[self.axis]

    def add_gradient(self, gradient: Tensor) -> None:
        """Add the sums of dL/da; the gradient has the output's shape."""
        # What is not finite is seen in the gradients of the layer's weights, of which none is left out.
        sums = unit_means(gradient, self.axis, [absolute, itself]) * self.n_values
        self.gradient = sums if self.gradient is None else self.gradient + sums

    def finish_pending(self) -> None:
        """Take the layer's own output if no activation function has followed; unknown if it was written over."""
        if self.pending is not None:
            (values, version), self.pending = self.pending, None
            if values._version == version:
                self.statistics = unit_statistics(self.layer, values, self.axis, self.activation)


@dataclass
class LayerCalls:
    """All that a training step has shown of one layer.

    Attributes:
        layer: The layer.
        calls: Its calls, first to last.
        sources: Names of the layers that feed it, in the order of discovery; "" is the network's input.
    """

    layer: Layer
    calls: list[LayerCall] = field(default_factory=list)
    sources: dict[str, None] = field(default_factory=dict)

    @property
    def counted(self) -> list[LayerCall]:
        """The calls that took part in a backward pass, or all if none did.

        A call without one is an evaluation, or the second forward pass of activation checkpointing.
        """
        return [call for call in self.calls if call.gradient is not None] or self.calls


def unit_statistics(layer: Layer, values: Tensor, axis: int, activation: str | None) -> Tensor:
    """Statistics of the units along an axis.

    Args:
        layer: The layer.
        values: Its own output, or that of the activation function that follows.
        axis: The axis of its U units.
        activation: The function whose output the values are, or None.

    Returns:
        float32 (3, U): mean absolute value, share of zeros, share of saturated values; the last is NaN where the
        function is not bounded.
    """
    size_of = itself if activation in _NEVER_NEGATIVE else absolute
    functions = [size_of, nonzero, *([beyond(*_BOUNDED[activation])] if activation in _BOUNDED else [])]
    # Of a sample only if that leaves out nothing that is not finite.
    size = MEAN_SIZE if _is_over_batch(layer, values) or is_all_finite(values) else values.numel()
    mean, nonzeros, *saturated = unit_means(values, axis, functions, size)
    return torch.stack([mean, 1 - nonzeros, *(saturated or [torch.full_like(mean, float("nan"))])])


def _is_over_batch(layer: Layer, values: Tensor) -> bool:
    """Whether each unit is normalised over all its values, so that one that is not finite makes all so."""
    module = layer.module
    is_norm = isinstance(module, nn.modules.batchnorm._BatchNorm) and (module.training or module.running_mean is None)
    return is_norm and values.dtype in (torch.float32, torch.float64)


def combine(calls: Sequence[LayerCall]) -> tuple[Tensor | None, Tensor | None]:
    """Statistics of a layer's units over all its calls, each call weighted by the number of its values.

    Returns:
        float32 (3, U) forward and (2, U) backward, the means of abs(dL/da) and of dL/da; None for what no call has.
    """
    known = [(call.statistics, call.n_values) for call in calls if call.statistics is not None]
    gradients = [call.gradient for call in calls if call.gradient is not None]
    n_known, n_all = sum(n for _, n in known), sum(call.n_values for call in calls)
    forward = [statistics.to(known[0][0].device) * (n / n_known) for statistics, n in known]
    backward = [gradient.to(gradients[0].device) / n_all for gradient in gradients]
    return _total(forward), _total(backward)


def _total(tensors: Sequence[Tensor]) -> Tensor | None:
    return torch.stack(list(tensors)).sum(0) if len(tensors) > 1 else tensors[0] if tensors else None

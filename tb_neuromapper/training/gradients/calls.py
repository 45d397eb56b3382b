"""What the units of each layer do in one training step: their activations forward, dL/da backward.

Every call of a layer is reduced to a few figures a unit at once; no activation is kept.
"""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from tb_neuromapper.training.gradients.autograd import (
    activation_classes,
    find_product,
    function_of,
    tensors_in,
    value_of,
    walk_back,
)
from tb_neuromapper.training.gradients.layers import Layer, main_output, unit_axis
from tb_neuromapper.training.gradients.reductions import (
    MEAN_SIZE,
    absolute,
    beyond,
    is_all_finite,
    itself,
    nonzero,
    unit_means,
)

_ACTIVATIONS = activation_classes()
_NEVER_NEGATIVE = ("ReLU", "ReLU6", "Sigmoid")
# How far from their middle the values of a bounded function count as saturated.
_BOUNDED = {"Sigmoid": (0.5, 0.45), "Tanh": (0.0, 0.95)}


@dataclass(eq=False)
class Call:
    """One call of a layer; tensors are on its device.

    Attributes:
        layer: The layer.
        shape, axis: Of the output; the units lie along the axis.
        figures: float32 (3, U): mean abs(a), share of a == 0, share of saturated a; None if a is not known.
        gradient: float32 (2, U): sums of abs(dL/da) and of dL/da; None as long as none has come.
        activation: The function whose output a is, or None if a is the layer's own output.
        is_replaced: The gradient of an activation function's output is awaited, not that of the layer's own.
        waiting: The layer's own output and its version, as long as an activation function is expected to follow.
    """

    layer: Layer
    shape: tuple[int, ...]
    axis: int
    figures: Tensor | None
    gradient: Tensor | None = None
    activation: str | None = None
    is_replaced: bool = False
    waiting: tuple[Tensor, int] | None = None

    @property
    def n_values(self) -> int:
        """Values of one unit: samples times positions."""
        n_all = 1
        for size in self.shape:
            n_all *= size
        return n_all // self.shape[self.axis]


@dataclass
class Seen:
    """What a step has shown of one layer."""

    layer: Layer
    calls: list[Call] = field(default_factory=list)
    sources: dict[str, None] = field(default_factory=dict)

    @property
    def counted(self) -> list[Call]:
        """The calls that took part in a backward pass, or all if none did.

        A call without one is an evaluation, or the second forward pass of activation checkpointing.
        """
        return [call for call in self.calls if call.gradient is not None] or self.calls


class CallWatch:
    """Follows the layers of a network through one training step, from construction to `release`.

    Args:
        model: The network.
        layers: Its layers.
        safely: Runs a hook's work so that no error reaches the training loop.
        followed: Names of layers that an activation function is expected to follow: what it puts out takes the place of
            the layer's own output, which is measured only if none has come.
    """

    def __init__(
        self, model: nn.Module, layers: Sequence[Layer], safely: Callable[..., None], followed: Set[str] = frozenset()
    ) -> None:
        self.seen: dict[str, Seen] = {}
        self.unusable: dict[str, None] = {}
        self._model, self._layers, self._safely, self._followed = model, layers, safely, followed
        self._parameters = {id(parameter) for parameter in model.parameters()}
        self._calls_of_node: dict[Any, Call] = {}
        self._plain: dict[int, tuple[Any, str]] = {}
        self._last_plain: str | None = None
        self._handles: list[Any] = []
        self._node_handles: list[Any] = []
        self.listen()

    def listen(self) -> None:
        """Put the hooks on the modules; none if no layer is to be followed."""
        if not self._layers:
            return
        hooks: list[tuple[nn.Module, Any]] = [(layer.module, partial(self._called, layer)) for layer in self._layers]
        own = {id(layer.module) for layer in self._layers}
        hooks += [
            (module, partial(self._activated, type(module).__name__))
            for module in self._model.modules()
            if isinstance(module, _ACTIVATIONS) and id(module) not in own
        ]
        hooks.append((self._model, self._ended))
        for module, work in hooks:
            hook = ForwardHook(partial(self._safely, work))
            self._handles.append(module.register_forward_hook(hook, with_kwargs=True))

    def deafen(self) -> None:
        """Take the hooks off the modules; what was seen stays."""
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def release(self) -> None:
        """Take all hooks away and let go of the graph."""
        self.deafen()
        for handle in self._node_handles:
            handle.remove()
        self._node_handles = []
        self._calls_of_node.clear()
        self._plain.clear()

    def settle(self) -> None:
        """Measure the outputs that no activation function has followed; unknown if they have been written over."""
        for seen in self.seen.values():
            for call in seen.calls:
                if call.waiting is not None:
                    (values, version), call.waiting = call.waiting, None
                    if values._version == version:
                        call.figures = measure(call.layer, values, call.axis, call.activation)

    def followed(self) -> frozenset[str]:
        """Names of the layers that an activation function has followed at every call."""
        return frozenset(
            name for name, seen in self.seen.items() if seen.calls and all(call.is_replaced for call in seen.calls)
        )

    def _called(self, layer: Layer, arguments: Any, output: Any) -> None:
        """A layer has run."""
        seen = self.seen.setdefault(layer.name, Seen(layer))
        result = main_output(output)
        if not _is_watchable(result):
            return
        assert result is not None
        # Query, key and value; of others the first, as masks, states and sizes say nothing of what feeds the layer.
        inputs = list(tensors_in(arguments))[: 3 if layer.kind == "attention" else 1]
        self._look_back(inputs, seen)
        call = self._attention_call(layer, result) if layer.kind == "attention" else self._plain_call(layer, result)
        if call is not None:
            seen.calls.append(call)
        if result.grad_fn is None:
            self._remember(result, layer.name)
        elif call is not None:
            self._calls_of_node[result.grad_fn] = call

    def _plain_call(self, layer: Layer, result: Tensor) -> Call | None:
        axis = unit_axis(layer, result)
        if axis is None:
            self.unusable[layer.name] = None
            return None
        shape = tuple(result.shape)
        call = Call(layer, shape, axis, None, activation=layer.activation)
        if layer.name in self._followed:
            call.waiting = result.detach(), result._version
        else:
            call.figures = measure(layer, result, axis, layer.activation)
        if result.requires_grad:
            self._await(result, call, is_of_activation=False)
        return call

    def _attention_call(self, layer: Layer, result: Tensor) -> Call | None:
        """The heads' outputs are the left factor of the output projection."""
        n_features, n_heads = int(layer.module.embed_dim), layer.n_units  # type: ignore[arg-type]
        found = find_product(result) if result.grad_fn is not None and result.shape[-1] == n_features else None
        rows = (result.numel() // n_features, n_heads, n_features // n_heads)
        if found is None:
            self.unusable[layer.name] = None
            return None
        node, place, factor = found
        call = Call(layer, rows, 1, None if factor is None else measure(layer, factor.detach().reshape(rows), 1, None))

        def arrived(gradients: Sequence[Tensor | None], _: Any) -> None:
            gradient = gradients[place]
            if gradient is not None:
                self._safely(self._gradient, call, False, gradient.reshape(rows))

        self._node_handles.append(node.register_hook(arrived))
        return call

    def _activated(self, name: str, arguments: Any, output: Any) -> None:
        """An activation module has run, perhaps directly on a layer's output."""
        if not _is_watchable(output):
            return
        if output.grad_fn is not None:
            ahead = [child for child, _ in output.grad_fn.next_functions[:1]]
            call = self._calls_of_node.get(ahead[0]) if ahead else None
        else:
            source = next((self._plain_name(tensor) for tensor in tensors_in(arguments)), None)
            call = self.seen[source].calls[-1] if source is not None and self.seen[source].calls else None
            if source is not None:
                self._remember(output, source)
        if call is not None and self._follow(call, name, output) and output.requires_grad:
            self._await(output, call, is_of_activation=True)

    def _await(self, tensor: Tensor, call: Call, *, is_of_activation: bool) -> None:
        work = partial(self._safely, self._gradient, call, is_of_activation)
        self._node_handles.append(tensor.register_hook(work))  # type: ignore[no-untyped-call]

    def _look_back(self, tensors: Sequence[Tensor], seen: Seen | None) -> None:
        """Find what feeds a layer, and functions of the kind F.relu that directly follow the layers before it."""
        by_node = {tensor.grad_fn: tensor for tensor in tensors if tensor.grad_fn is not None}
        sources = {} if seen is None else seen.sources
        for parent, node in walk_back(tensors, self._calls_of_node):
            call = self._calls_of_node.get(node)
            if call is None:
                leaf = getattr(node, "variable", None)
                if leaf is not None and id(leaf) not in self._parameters:
                    sources[""] = None
                continue
            if seen is None or call.layer.name != seen.layer.name:
                sources[call.layer.name] = None
            name = function_of(parent) if parent is not None else None
            if name is not None and call.activation is None:
                self._follow_function(call, name, parent, by_node.get(parent))
        for tensor in tensors:
            if tensor.grad_fn is None and not tensor.requires_grad:
                sources[self._plain_name(tensor) or self._last_plain or ""] = None
            elif tensor.grad_fn is None and id(tensor) not in self._parameters:
                sources[""] = None

    def _follow_function(self, call: Call, name: str, node: Any, value: Tensor | None) -> None:
        value = value_of(node) if value is None or tuple(value.shape) != call.shape else value
        if value is None or not self._follow(call, name, value):
            return

        def arriving(gradients: Sequence[Tensor | None]) -> None:
            if gradients[0] is not None:
                self._safely(self._gradient, call, True, gradients[0])

        self._node_handles.append(node.register_prehook(arriving))

    def _follow(self, call: Call, name: str, value: Tensor) -> bool:
        """Take an activation function's output for the units' a; False if it is not that of the same units."""
        if call.activation is not None or tuple(value.shape) != call.shape:
            return False
        call.figures, call.waiting = measure(call.layer, value, call.axis, name), None
        call.activation, call.is_replaced = name, True
        return True

    def _gradient(self, call: Call, is_of_activation: bool, gradient: Tensor) -> None:
        if call.is_replaced != is_of_activation or tuple(gradient.shape) != call.shape:
            return
        # What is not finite is seen in the gradients of the layer's weights, of which none is left out.
        sums = unit_means(gradient, call.axis, [absolute, itself]) * call.n_values
        call.gradient = sums if call.gradient is None else call.gradient + sums

    def _ended(self, _: Any, output: Any) -> None:
        """The network has run; a function may follow its last layer."""
        tensors = list(tensors_in(output))
        if tensors and _is_watchable(tensors[0]):
            self._look_back(tensors, None)
        self.settle()

    def _remember(self, tensor: Tensor, name: str) -> None:
        self._plain[id(tensor)] = weakref.ref(tensor), name
        self._last_plain = name

    def _plain_name(self, tensor: Tensor) -> str | None:
        """The layer whose output this tensor is, where there is no graph to tell it."""
        found = self._plain.get(id(tensor))
        return found[1] if found is not None and found[0]() is tensor else None


class ForwardHook:
    """Calls `work(arguments, output)` after a module has run; copies of the module do not inherit it.

    The output is None where the module has run without gradients.
    """

    def __init__(self, work: Callable[[Any, Any], None]) -> None:
        self._work = work

    def __call__(self, module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:  # noqa: ARG002
        # A compiler or tracer would make our work part of what it makes.
        if torch.compiler.is_compiling() or torch._C._get_tracing_state() is not None:
            return
        self._work((args, kwargs), output if torch.is_grad_enabled() else None)

    def __deepcopy__(self, memo: Any) -> _Gone:
        return _Gone()

    def __reduce__(self) -> Any:
        # Of builtin parts, so that a module that is saved while we listen can be loaded without this package.
        return getattr, (contextlib.nullcontext(), "__exit__")


class _Gone:
    """In a copy of a module that was being listened to: takes itself away at the first call."""

    def __call__(self, module: nn.Module, *_: Any) -> None:
        for key, hook in list(module._forward_hooks.items()):
            if hook is self:
                del module._forward_hooks[key]
                module._forward_hooks_with_kwargs.pop(key, None)


def measure(layer: Layer, values: Tensor, axis: int, activation: str | None) -> Tensor:
    """float32 (3, U): mean absolute value, share of zeros and share of saturated values of the units along an axis.

    The values are the layer's own or those of the activation function that follows.
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


def _is_watchable(value: Any) -> bool:
    """Whether values are those of a training step, and plain."""
    if not isinstance(value, Tensor) or not value.is_floating_point():
        return False
    if value.layout != torch.strided or value.is_nested or value.is_meta or value.numel() == 0:
        return False
    wrapped = getattr(torch._C._functorch, "is_functorch_wrapped_tensor", None)
    return wrapped is None or not wrapped(value)

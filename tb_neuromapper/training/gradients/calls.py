"""Follows the layers of a network through one training step: their activations forward, dL/da backward.

Every call of a layer is reduced to a few statistics a unit at once; no activation is kept.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence, Set
from functools import partial
from typing import Any

from torch import Tensor, nn

from tb_neuromapper.training.gradients.autograd import (
    activation_classes,
    activation_name,
    activation_value,
    find_product,
    tensors_in,
    walk_back,
)
from tb_neuromapper.training.gradients.hooks import ForwardHook, is_watchable
from tb_neuromapper.training.gradients.layers import Layer, main_output, unit_axis
from tb_neuromapper.training.gradients.units import LayerCall, LayerCalls, unit_statistics

_ACTIVATIONS = activation_classes()


class CallWatch:
    """Follows the layers of a network through one training step, from construction to `release`.

    Args:
        model: The network.
        layers: Its layers.
        safely: Runs a hook's work so that no error reaches the training loop.
        followed: Names of layers that an activation function is expected to follow: its output takes the place of the
            layer's own output, which is measured only if none has come.

    Attributes:
        layer_calls: What has been seen, by the layer's name, in the order of first calls.
        unusable: Names of layers whose output has no axis of their units.
    """

    def __init__(
        self, model: nn.Module, layers: Sequence[Layer], safely: Callable[..., None], followed: Set[str] = frozenset()
    ) -> None:
        self.layer_calls: dict[str, LayerCalls] = {}
        self.unusable: dict[str, None] = {}
        self._model, self._layers, self._safely, self._followed = model, layers, safely, followed
        self._parameters = {id(parameter) for parameter in model.parameters()}
        self._call_of_node: dict[Any, LayerCall] = {}
        # Outputs that have no graph behind them, with the layer that they come from; and the last such layer.
        self._graphless: dict[int, tuple[Any, str]] = {}
        self._last_graphless: str | None = None
        self._module_handles: list[Any] = []
        self._graph_handles: list[Any] = []
        self.attach_hooks()

    def attach_hooks(self) -> None:
        """Put the hooks on the modules; none if no layer is to be followed."""
        if not self._layers:
            return
        hooks: list[tuple[nn.Module, Any]] = [(layer.module, partial(self._on_call, layer)) for layer in self._layers]
        own = {id(layer.module) for layer in self._layers}
        hooks += [
            (module, partial(self._on_activation, type(module).__name__))
            for module in self._model.modules()
            if isinstance(module, _ACTIVATIONS) and id(module) not in own
        ]
        hooks.append((self._model, self._on_end))
        for module, work in hooks:
            hook = ForwardHook(partial(self._safely, work))
            self._module_handles.append(module.register_forward_hook(hook, with_kwargs=True))

    def detach_hooks(self) -> None:
        """Take the hooks off the modules; what was seen stays."""
        for handle in self._module_handles:
            handle.remove()
        self._module_handles = []

    def release(self) -> None:
        """Take all hooks away and let go of the graph."""
        self.detach_hooks()
        for handle in self._graph_handles:
            handle.remove()
        self._graph_handles = []
        self._call_of_node.clear()
        self._graphless.clear()

    def finish_pending(self) -> None:
        """Measure the outputs that no activation function has followed."""
        for layer in self.layer_calls.values():
            for call in layer.calls:
                call.finish_pending()

    def followed(self) -> frozenset[str]:
        """Names of the layers that an activation function has followed at every call."""
        return frozenset(
            name
            for name, layer in self.layer_calls.items()
            if layer.calls and all(call.is_replaced for call in layer.calls)
        )

    def _on_call(self, layer: Layer, arguments: Any, output: Any) -> None:
        """A layer has run."""
        found = self.layer_calls.setdefault(layer.name, LayerCalls(layer))
        result = main_output(output)
        if not is_watchable(result):
            return
        assert result is not None
        # Query, key and value; of others the first, as masks, states and sizes say nothing of what feeds the layer.
        inputs = list(tensors_in(arguments))[: 3 if layer.kind == "attention" else 1]
        self._look_back(inputs, found)
        call = self._attention_call(layer, result) if layer.kind == "attention" else self._plain_call(layer, result)
        if call is not None:
            found.calls.append(call)
        if result.grad_fn is None:
            self._remember(result, layer.name)
        elif call is not None:
            self._call_of_node[result.grad_fn] = call

    def _plain_call(self, layer: Layer, result: Tensor) -> LayerCall | None:
        axis = unit_axis(layer, result)
        if axis is None:
            self.unusable[layer.name] = None
            return None
        call = LayerCall(layer, tuple(result.shape), axis, None, activation=layer.activation)
        if layer.name in self._followed:
            call.pending = result.detach(), result._version
        else:
            call.statistics = unit_statistics(layer, result, axis, layer.activation)
        if result.requires_grad:
            self._await_gradient(result, call, is_of_activation=False)
        return call

    def _attention_call(self, layer: Layer, result: Tensor) -> LayerCall | None:
        """The heads' outputs are the left factor of the output projection."""
        n_features, n_heads = int(layer.module.embed_dim), layer.n_units  # type: ignore[arg-type]
        found = find_product(result) if result.grad_fn is not None and result.shape[-1] == n_features else None
        rows = (result.numel() // n_features, n_heads, n_features // n_heads)
        if found is None:
            self.unusable[layer.name] = None
            return None
        node, place, factor = found
        statistics = None if factor is None else unit_statistics(layer, factor.detach().reshape(rows), 1, None)
        call = LayerCall(layer, rows, 1, statistics)

        def arrived(gradients: Sequence[Tensor | None], _: Any) -> None:
            gradient = gradients[place]
            if gradient is not None:
                self._safely(self._on_gradient, call, False, gradient.reshape(rows))

        self._graph_handles.append(node.register_hook(arrived))
        return call

    def _on_activation(self, name: str, arguments: Any, output: Any) -> None:
        """An activation module has run, perhaps directly on a layer's output."""
        if not is_watchable(output):
            return
        if output.grad_fn is not None:
            ahead = [child for child, _ in output.grad_fn.next_functions[:1]]
            call = self._call_of_node.get(ahead[0]) if ahead else None
        else:
            source = next((self._graphless_source(tensor) for tensor in tensors_in(arguments)), None)
            calls = [] if source is None else self.layer_calls[source].calls
            call = calls[-1] if calls else None
            if source is not None:
                self._remember(output, source)
        if call is not None and self._follow(call, name, output) and output.requires_grad:
            self._await_gradient(output, call, is_of_activation=True)

    def _await_gradient(self, tensor: Tensor, call: LayerCall, *, is_of_activation: bool) -> None:
        work = partial(self._safely, self._on_gradient, call, is_of_activation)
        self._graph_handles.append(tensor.register_hook(work))  # type: ignore[no-untyped-call]

    def _look_back(self, tensors: Sequence[Tensor], layer: LayerCalls | None) -> None:
        """Find what feeds a layer, and functions of the kind F.relu that directly follow the layers before it."""
        by_node = {tensor.grad_fn: tensor for tensor in tensors if tensor.grad_fn is not None}
        sources = {} if layer is None else layer.sources
        for parent, node in walk_back(tensors, self._call_of_node):
            call = self._call_of_node.get(node)
            if call is None:
                leaf = getattr(node, "variable", None)
                if leaf is not None and id(leaf) not in self._parameters:
                    sources[""] = None
                continue
            if layer is None or call.layer.name != layer.layer.name:
                sources[call.layer.name] = None
            name = activation_name(parent) if parent is not None else None
            if name is not None and call.activation is None:
                self._follow_function(call, name, parent, by_node.get(parent))
        for tensor in tensors:
            if tensor.grad_fn is None and not tensor.requires_grad:
                sources[self._graphless_source(tensor) or self._last_graphless or ""] = None
            elif tensor.grad_fn is None and id(tensor) not in self._parameters:
                sources[""] = None

    def _follow_function(self, call: LayerCall, name: str, node: Any, value: Tensor | None) -> None:
        value = activation_value(node) if value is None or tuple(value.shape) != call.shape else value
        if value is None or not self._follow(call, name, value):
            return

        def arriving(gradients: Sequence[Tensor | None]) -> None:
            if gradients[0] is not None:
                self._safely(self._on_gradient, call, True, gradients[0])

        self._graph_handles.append(node.register_prehook(arriving))

    def _follow(self, call: LayerCall, name: str, value: Tensor) -> bool:
        """Take an activation function's output for the units' a; False if it is not that of the same units."""
        if call.activation is not None or tuple(value.shape) != call.shape:
            return False
        call.statistics, call.pending = unit_statistics(call.layer, value, call.axis, name), None
        call.activation, call.is_replaced = name, True
        return True

    def _on_gradient(self, call: LayerCall, is_of_activation: bool, gradient: Tensor) -> None:
        if call.is_replaced == is_of_activation and tuple(gradient.shape) == call.shape:
            call.add_gradient(gradient)

    def _on_end(self, _: Any, output: Any) -> None:
        """The network has run; a function may follow its last layer."""
        tensors = list(tensors_in(output))
        if tensors and is_watchable(tensors[0]):
            self._look_back(tensors, None)
        self.finish_pending()

    def _remember(self, tensor: Tensor, name: str) -> None:
        self._graphless[id(tensor)] = weakref.ref(tensor), name
        self._last_graphless = name

    def _graphless_source(self, tensor: Tensor) -> str | None:
        """The layer whose output this tensor is, where there is no graph from which to read it."""
        found = self._graphless.get(id(tensor))
        return found[1] if found is not None and found[0]() is tensor else None

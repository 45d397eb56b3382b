"""What the autograd graph shows of a forward pass: which layer feeds which, and what follows a layer.

Nodes are looked at while the graph is being built; nothing is added to it but hooks that change nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_MAX_NODES = 10_000

# Activation functions by the node that they leave in the graph: the class of the same function, and its value.
_FUNCTIONS: dict[str, tuple[str, Callable[[Any], Tensor]]] = {
    "ReluBackward0": ("ReLU", lambda node: node._saved_result),
    "SigmoidBackward0": ("Sigmoid", lambda node: node._saved_result),
    "TanhBackward0": ("Tanh", lambda node: node._saved_result),
    "GeluBackward0": ("GELU", lambda node: F.gelu(node._saved_self, approximate=node._saved_approximate)),
    "SiluBackward0": ("SiLU", lambda node: F.silu(node._saved_self)),
    "MishBackward0": ("Mish", lambda node: F.mish(node._saved_self)),
    "LeakyReluBackward0": (
        "LeakyReLU",
        lambda node: F.leaky_relu(node._saved_self, node._saved_negative_slope),
    ),
    "HardtanhBackward0": ("Hardtanh", lambda node: node._saved_self.clamp(node._saved_min_val, node._saved_max_val)),
}
# Matrix products by node: where the left factor is among its inputs, and under which name it is saved.
_PRODUCTS = {"AddmmBackward0": (1, "mat1"), "MmBackward0": (0, "self"), "LinearBackward0": (0, "input")}


def activation_classes() -> tuple[type[nn.Module], ...]:
    """Modules that are activation functions, unit by unit."""
    module = nn.modules.activation
    others = {"MultiheadAttention", "GLU", "Softmin", "Softmax", "Softmax2d", "LogSoftmax"}
    return tuple(getattr(module, name) for name in module.__all__ if name not in others)


def walk_back(tensors: Iterable[Tensor], stops: Mapping[Any, Any]) -> Iterator[tuple[Any, Any]]:
    """(node, its input node) for each edge of the graph behind some tensors, not going beyond the nodes in `stops`.

    A tensor's own node comes as (None, node).
    """
    waiting: list[tuple[Any, Any]] = [(None, tensor.grad_fn) for tensor in tensors if tensor.grad_fn is not None]
    seen: set[Any] = set()
    while waiting and len(seen) < _MAX_NODES:
        parent, node = waiting.pop()
        yield parent, node
        if node in seen or node in stops:
            continue
        seen.add(node)
        waiting += [(node, child) for child, _ in node.next_functions if child is not None]


def activation_name(node: Any) -> str | None:
    """The class name of the activation function that left this node, or None."""
    found = _FUNCTIONS.get(node.name())
    return found[0] if found is not None else None


def activation_value(node: Any) -> Tensor | None:
    """The output of an activation function, as far as its node still knows it."""
    if is_packing():
        return None
    try:
        with torch.no_grad():
            return _FUNCTIONS[node.name()][1](node)
    except (RuntimeError, AttributeError):
        return None  # Written over since, or a version of torch with other names.


def is_packing() -> bool:
    """Whether saved tensors are packed (activation checkpointing, offloading); unpacking them would run code."""
    top = getattr(torch._C._autograd, "_top_saved_tensors_default_hooks", None)
    return top is not None and top(True) is not None


def find_product(tensor: Tensor) -> tuple[Any, int, Tensor | None] | None:
    """The matrix product that a tensor comes from: its node, the place of its left factor, and that factor if saved."""
    for _, node in walk_back([tensor], {}):
        if node.name() in _PRODUCTS:
            place, name = _PRODUCTS[node.name()]
            factor = None if is_packing() else getattr(node, f"_saved_{name}", None)
            return node, place, factor
    return None


def tensors_in(values: Any) -> Iterator[Tensor]:
    """The tensors among arguments, also inside lists, tuples and dicts."""
    if isinstance(values, Tensor):
        yield values
    elif isinstance(values, nn.utils.rnn.PackedSequence):
        yield values.data
    elif isinstance(values, (list, tuple)):
        for value in values:
            yield from tensors_in(value)
    elif isinstance(values, dict):
        yield from tensors_in(list(values.values()))

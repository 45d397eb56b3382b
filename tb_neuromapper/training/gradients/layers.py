"""Which layers gradient flow is recorded for, what their units are, and how weights connect inputs to units."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor, nn

ROOT_NAME = "(model)"

_INSTANCE_NORMS = nn.modules.instancenorm._InstanceNorm
_SHAPED_NORMS = tuple(kind for kind in (nn.LayerNorm, getattr(nn, "RMSNorm", None)) if kind is not None)
_NORMS = (nn.modules.batchnorm._NormBase, nn.GroupNorm, *_SHAPED_NORMS)
_RECURRENT = (nn.RNNBase, nn.RNNCellBase)


@dataclass(frozen=True)
class Grid:
    """Which units of a layer are connected to which inputs.

    Attributes:
        n_units: Units that have connections, from `first_unit` on.
        n_inputs: Inputs that one unit sees; of n_groups groups, each sees its own.
    """

    n_units: int
    n_inputs: int
    n_groups: int = 1
    first_unit: int = 0

    @property
    def n_connections(self) -> int:
        return self.n_units * self.n_inputs


@dataclass(frozen=True)
class Part:
    """Weights of a layer that connect input units to units.

    Attributes:
        parameter: The tensor that is trained.
        matrix: The tensor, or another of its shape, as (n_units, n_inputs, n_weights of a connection).
        grid: What they connect.
    """

    parameter: nn.Parameter
    matrix: Callable[[Tensor], Tensor]
    grid: Grid


@dataclass(frozen=True)
class Layer:
    """One module whose units are followed.

    Attributes:
        name: The module's name in the network.
        kind, unit: As in docs/event_format.md.
        module: The module.
        n_units: Its units.
        n_inputs: Input units of its connections; 0 if it has none.
        parts: Its connections; empty where the weights are not plain parameters.
        activation: The activation function inside it, if its units end in one.
        shares: Name of an earlier layer with the same weight.
    """

    name: str
    kind: str
    unit: str
    module: nn.Module
    n_units: int
    n_inputs: int = 0
    parts: tuple[Part, ...] = ()
    activation: str | None = None
    shares: str | None = None

    @property
    def is_frozen(self) -> bool:
        parameters = list(self.module.parameters())
        return bool(parameters) and not any(parameter.requires_grad for parameter in parameters)

    @property
    def n_connections(self) -> int:
        return sum(part.grid.n_connections for part in self.parts)


def find_layers(model: nn.Module) -> list[Layer]:
    """The layers of a network in the order of registration, each module once."""
    layers: list[Layer] = []
    owners: dict[int, str] = {}
    inside: set[int] = set()
    for name, module in model.named_modules():
        layer = None if id(module) in inside else _describe(name or ROOT_NAME, module)
        if layer is None:
            continue
        if isinstance(module, nn.MultiheadAttention):
            # The attention reads the weights of its output projection; it never calls that module.
            inside.update(id(child) for child in module.modules() if child is not module)
        weights = [id(part.parameter) for part in layer.parts]
        shares = next((owners[weight] for weight in weights if weight in owners), None)
        owners.update((weight, layer.name) for weight in weights if weight not in owners)
        layers.append(replace(layer, shares=shares))
    return layers


def sources_in_order(layers: Sequence[Layer]) -> dict[str, list[str]]:
    """By layer the one before it, where the widths of all of them fit, the first fed by the input; else nothing.

    Channels may be flattened into many inputs each.
    """
    found = {layer.name: [before.name] for before, layer in itertools.pairwise(layers) if _fits(before, layer)}
    if len(found) < len(layers) - 1:
        return {}
    return {**{layer.name: [""] for layer in layers[:1]}, **found}


def _fits(before: Layer, layer: Layer) -> bool:
    if before.unit == "channel" and layer.kind == "linear":
        return layer.n_inputs % before.n_units == 0
    return layer.n_inputs == before.n_units


def main_output(output: Any) -> Tensor | None:
    """The tensor that holds the units of a layer's output, whatever form that has."""
    while isinstance(output, tuple):
        output = output.data if isinstance(output, nn.utils.rnn.PackedSequence) else output[0] if output else None
    return output if isinstance(output, Tensor) else None


def unit_axis(layer: Layer, output: Tensor) -> int | None:
    """The axis of a layer's output along which its units lie, or None if there is none of their number."""
    module, axis = layer.module, -1
    if isinstance(module, nn.modules.conv._ConvNd):
        axis = -1 - len(module.kernel_size)
    elif isinstance(module, _SHAPED_NORMS):
        axis = -len(module.normalized_shape)
    elif isinstance(module, _INSTANCE_NORMS):
        axis = -_n_dims(module)
    elif isinstance(module, _NORMS):
        axis = 1
    if output.ndim < (axis + 1 if axis >= 0 else -axis) or output.shape[axis] != layer.n_units:
        return None
    return axis


def _n_dims(module: nn.Module) -> int:
    """Axes of one sample of an instance norm, the channels' included."""
    return next((n + 1 for n in (1, 2, 3) if type(module).__name__.endswith(f"{n}d")), 2)


def _describe(name: str, module: nn.Module) -> Layer | None:
    for describe in (_attention, _linear, _convolution, _norm, _embedding, _recurrent):
        layer = describe(name, module)
        if layer is not None:
            return layer
    return None


def _linear(name: str, module: nn.Module) -> Layer | None:
    if not isinstance(module, nn.Linear):
        return None
    n_out, n_in = module.out_features, module.in_features
    parts = _part(module, "weight", lambda w: w.unsqueeze(2), n_out, n_in)
    return Layer(name, "linear", "neuron", module, n_out, n_in, parts)


def _convolution(name: str, module: nn.Module) -> Layer | None:
    if not isinstance(module, nn.modules.conv._ConvNd):
        return None
    n_out, n_in, n_groups = module.out_channels, module.in_channels, module.groups

    def matrix(weight: Tensor) -> Tensor:
        if not module.transposed:
            return weight.flatten(2)
        by_group = weight.reshape(n_groups, n_in // n_groups, n_out // n_groups, -1)
        return by_group.transpose(1, 2).flatten(0, 1)

    parts = _part(module, "weight", matrix, n_out, n_in // n_groups, n_groups)
    return Layer(name, "conv", "channel", module, n_out, n_in, parts)


def _norm(name: str, module: nn.Module) -> Layer | None:
    """A normalisation; its scale connects each unit to itself."""
    if isinstance(module, _SHAPED_NORMS):
        n_units, unit = module.normalized_shape[0], "feature"
    elif isinstance(module, _NORMS):
        n_units, unit = int(getattr(module, "num_features", 0) or getattr(module, "num_channels", 0)), "channel"
    else:
        weight = module._parameters.get("weight")
        is_norm = "norm" in type(module).__name__.lower() and next(module.children(), None) is None
        if not is_norm or weight is None or weight.ndim != 1:
            return None
        n_units, unit = len(weight), "feature"
    parts = _part(module, "weight", lambda w: w.reshape(n_units, 1, -1), n_units, 1, n_units)
    return Layer(name, "norm", unit, module, n_units, n_units if parts else 0, parts)


def _embedding(name: str, module: nn.Module) -> Layer | None:
    if not isinstance(module, (nn.Embedding, nn.EmbeddingBag)):
        return None
    n_rows, n_features = module.num_embeddings, module.embedding_dim
    parts = _part(module, "weight", lambda w: w.t().unsqueeze(2), n_features, n_rows)
    return Layer(name, "embedding", "feature", module, n_features, n_rows, parts)


def _attention(name: str, module: nn.Module) -> Layer | None:
    """Heads; their connections are the projection of queries, keys and values, or of queries where each has its own."""
    if not isinstance(module, nn.MultiheadAttention):
        return None
    n_heads, n_features = module.num_heads, module.embed_dim
    weight = "q_proj_weight" if module.in_proj_weight is None else "in_proj_weight"

    def matrix(projection: Tensor) -> Tensor:
        by_head = projection.reshape(-1, n_heads, n_features // n_heads, n_features)
        return by_head.permute(1, 3, 0, 2).flatten(2)

    parts = _part(module, weight, matrix, n_heads, n_features)
    return Layer(name, "attention", "head", module, n_heads, n_features, parts)


def _recurrent(name: str, module: nn.Module) -> Layer | None:
    """The hidden units of the last of stacked layers; connections are those of the first, all gates together."""
    if not isinstance(module, _RECURRENT):
        return None
    is_cell = isinstance(module, nn.RNNCellBase)
    n_hidden, n_in = int(module.hidden_size), int(module.input_size)
    n_directions = 2 if getattr(module, "bidirectional", False) else 1
    n_units = n_directions * (int(getattr(module, "proj_size", 0)) or n_hidden)
    names = ["weight_ih"] if is_cell else ["weight_ih_l0", "weight_ih_l0_reverse"][:n_directions]

    def matrix(weight: Tensor) -> Tensor:
        return weight.reshape(-1, n_hidden, n_in).permute(1, 2, 0)

    parts: tuple[Part, ...] = ()
    if n_units == n_directions * n_hidden:
        found = [_part(module, weight, matrix, n_hidden, n_in) for weight in names]
        parts = tuple(
            replace(part, grid=replace(part.grid, first_unit=i * n_hidden))
            for i, few in enumerate(found)
            for part in few
        )
    nonlinearity = {"tanh": "Tanh", "relu": "ReLU"}.get(str(getattr(module, "nonlinearity", "")))
    activation = nonlinearity if isinstance(module, (nn.RNN, nn.RNNCell)) else None
    return Layer(name, "recurrent", "neuron", module, n_units, n_in if parts else 0, parts, activation)


def _part(
    module: nn.Module, name: str, matrix: Callable[[Tensor], Tensor], n_units: int, n_inputs: int, n_groups: int = 1
) -> tuple[Part, ...]:
    """The connections that a parameter makes; none if the name is no plain parameter (a parametrised weight, say)."""
    parameter = module._parameters.get(name)
    if parameter is None or parameter.is_complex():
        return ()
    return (Part(parameter, matrix, Grid(n_units, n_inputs, n_groups)),)


def parameter_owners(model: nn.Module, layers: list[Layer]) -> Iterator[tuple[str, str, nn.Parameter]]:
    """(name, layer, parameter) of each parameter once; the layer is the recorded one, or else the module it is in."""
    recorded = {layer.name for layer in layers}
    for name, parameter in model.named_parameters():
        owner = name.rpartition(".")[0]
        holder = owner
        while holder and holder not in recorded:
            holder = holder.rpartition(".")[0]
        yield name, holder or owner or ROOT_NAME, parameter

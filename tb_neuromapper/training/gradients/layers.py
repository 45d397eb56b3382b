"""Which layers gradient flow is recorded for, what their units are, and how weights connect inputs to units."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor, nn

from tb_neuromapper.training.gradients.weights import ConnectionGrid, WeightBlock, plain_weights, weight_blocks

ROOT_NAME = "(model)"

_INSTANCE_NORMS = nn.modules.instancenorm._InstanceNorm
_SHAPED_NORMS = tuple(kind for kind in (nn.LayerNorm, getattr(nn, "RMSNorm", None)) if kind is not None)
_NORMS = (nn.modules.batchnorm._NormBase, nn.GroupNorm, *_SHAPED_NORMS)
_RECURRENT = (nn.RNNBase, nn.RNNCellBase)


@dataclass(frozen=True)
class Layer:
    """One module whose units are followed.

    Attributes:
        name: The module's name in the network.
        kind, unit: As in docs/event_format.md.
        module: The module.
        n_units: Its units.
        n_inputs: Input units of its connections; 0 if it has none.
        weight_blocks: Its connections; empty where the weights are not plain parameters.
        activation: The activation function inside it, if its units end in one.
        shares: Name of an earlier layer with the same weight.
    """

    name: str
    kind: str
    unit: str
    module: nn.Module
    n_units: int
    n_inputs: int = 0
    weight_blocks: tuple[WeightBlock, ...] = ()
    activation: str | None = None
    shares: str | None = None

    @property
    def is_frozen(self) -> bool:
        """Whether the layer has parameters and none of them is trained."""
        parameters = list(self.module.parameters())
        return bool(parameters) and not any(parameter.requires_grad for parameter in parameters)

    @property
    def n_connections(self) -> int:
        """Connections of all weight blocks."""
        return sum(block.grid.n_connections for block in self.weight_blocks)


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
        weights = [id(block.parameter) for block in layer.weight_blocks]
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
    """The tensor in a layer's output, of any form, that holds its units; None if there is none."""
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
    blocks = weight_blocks(module, lambda weight: weight.unsqueeze(2), ConnectionGrid(n_out, n_in))
    return Layer(name, "linear", "neuron", module, n_out, n_in, blocks)


def _convolution(name: str, module: nn.Module) -> Layer | None:
    if not isinstance(module, nn.modules.conv._ConvNd):
        return None
    n_out, n_in, n_groups = module.out_channels, module.in_channels, module.groups

    def matrix(weight: Tensor) -> Tensor:
        if not module.transposed:
            return weight.flatten(2)
        by_group = weight.reshape(n_groups, n_in // n_groups, n_out // n_groups, -1)
        return by_group.transpose(1, 2).flatten(0, 1)

    blocks = weight_blocks(module, matrix, ConnectionGrid(n_out, n_in // n_groups, n_groups))
    return Layer(name, "conv", "channel", module, n_out, n_in, blocks)


def _norm(name: str, module: nn.Module) -> Layer | None:
    """A normalisation; its scale connects each unit to itself."""
    if isinstance(module, _SHAPED_NORMS):
        n_units, unit = module.normalized_shape[0], "feature"
    elif isinstance(module, _NORMS):
        n_units, unit = int(getattr(module, "num_features", 0) or getattr(module, "num_channels", 0)), "channel"
    else:
        scale = plain_weights(module)[0]
        is_norm = "norm" in type(module).__name__.lower() and next(module.children(), None) is None
        if not is_norm or scale is None or scale.ndim != 1:
            return None
        n_units, unit = len(scale), "feature"
    blocks = weight_blocks(module, lambda weight: weight.reshape(n_units, 1, -1), ConnectionGrid(n_units, 1, n_units))
    return Layer(name, "norm", unit, module, n_units, n_units if blocks else 0, blocks)


def _embedding(name: str, module: nn.Module) -> Layer | None:
    if not isinstance(module, (nn.Embedding, nn.EmbeddingBag)):
        return None
    n_rows, n_features = module.num_embeddings, module.embedding_dim
    blocks = weight_blocks(module, lambda weight: weight.t().unsqueeze(2), ConnectionGrid(n_features, n_rows))
    return Layer(name, "embedding", "feature", module, n_features, n_rows, blocks)


def _attention(name: str, module: nn.Module) -> Layer | None:
    """Heads, each connected to the features that it projects."""
    if not isinstance(module, nn.MultiheadAttention):
        return None
    n_heads, n_features = module.num_heads, module.embed_dim

    def matrix(projection: Tensor) -> Tensor:
        by_head = projection.reshape(-1, n_heads, n_features // n_heads, n_features)
        return by_head.permute(1, 3, 0, 2).flatten(2)

    blocks = weight_blocks(module, matrix, ConnectionGrid(n_heads, n_features))
    return Layer(name, "attention", "head", module, n_heads, n_features, blocks)


def _recurrent(name: str, module: nn.Module) -> Layer | None:
    """The hidden units of the last of stacked layers; connections are those of the first, all gates together."""
    if not isinstance(module, _RECURRENT):
        return None
    n_hidden, n_in = int(module.hidden_size), int(module.input_size)
    n_directions = 2 if getattr(module, "bidirectional", False) else 1
    n_units = n_directions * (int(getattr(module, "proj_size", 0)) or n_hidden)

    def matrix(weight: Tensor) -> Tensor:
        return weight.reshape(-1, n_hidden, n_in).permute(1, 2, 0)

    blocks: tuple[WeightBlock, ...] = ()
    if n_units == n_directions * n_hidden:
        blocks = weight_blocks(module, matrix, ConnectionGrid(n_hidden, n_in))
    nonlinearity = {"tanh": "Tanh", "relu": "ReLU"}.get(str(getattr(module, "nonlinearity", "")))
    activation = nonlinearity if isinstance(module, (nn.RNN, nn.RNNCell)) else None
    return Layer(name, "recurrent", "neuron", module, n_units, n_in if blocks else 0, blocks, activation)


def parameter_owners(model: nn.Module, layers: list[Layer]) -> Iterator[tuple[str, str, nn.Parameter]]:
    """(name, layer, parameter) of each parameter once; the layer is the recorded one, or else the module it is in."""
    recorded = {layer.name for layer in layers}
    for name, parameter in model.named_parameters():
        owner = name.rpartition(".")[0]
        holder = owner
        while holder and holder not in recorded:
            holder = holder.rpartition(".")[0]
        yield name, holder or owner or ROOT_NAME, parameter

"""Which tensors of a module are its weights, and which input units they connect to which units.

The one definition of a layer's weight: its connections, the layers that share it, and the sentence about a weight that
is computed from other parameters all follow from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from torch import Tensor, nn


@dataclass(frozen=True)
class ConnectionGrid:
    """Which units of a layer are connected to which inputs.

    Attributes:
        n_units: Units that have connections, from `first_unit` on.
        n_inputs: Inputs that one unit sees; of n_groups groups, each sees its own.
        n_groups: Groups of as many units each.
        first_unit: Place of the first of these units in the layer.
    """

    n_units: int
    n_inputs: int
    n_groups: int = 1
    first_unit: int = 0

    @property
    def n_connections(self) -> int:
        """Pairs of an input and a unit that are connected."""
        return self.n_units * self.n_inputs


@dataclass(frozen=True)
class WeightBlock:
    """One weight of a layer, seen as connections of input units to units.

    Attributes:
        parameter: The tensor that is trained.
        matrix: The tensor, or another of its shape, as (n_units, n_inputs, n_weights of a connection).
        grid: What it connects.
    """

    parameter: nn.Parameter
    matrix: Callable[[Tensor], Tensor]
    grid: ConnectionGrid


def weight_names(module: nn.Module) -> tuple[str, ...]:
    """What a module calls its weights: the tensors by which its units see its inputs.

    Biases, and what connects units to units of the same layer (recurrent weights, an attention's output projection),
    are parameters of the layer, but none of these. An attention's weight is the projection of queries, keys and values,
    or of queries where each has its own; a recurrent layer has one for each direction of the first of stacked layers.
    """
    if isinstance(module, nn.MultiheadAttention):
        return ("q_proj_weight",) if module.in_proj_weight is None else ("in_proj_weight",)
    if isinstance(module, nn.RNNCellBase):
        return ("weight_ih",)
    if isinstance(module, nn.RNNBase):
        return ("weight_ih_l0", "weight_ih_l0_reverse") if module.bidirectional else ("weight_ih_l0",)
    return ("weight",)


def plain_weights(module: nn.Module) -> list[nn.Parameter | None]:
    """A module's weights in the order of `weight_names`.

    None stands for one that the module lacks, or that is computed from other parameters (weight normalisation, say).
    """
    return [module._parameters.get(name) for name in weight_names(module)]


def weight_blocks(
    module: nn.Module, matrix: Callable[[Tensor], Tensor], grid: ConnectionGrid
) -> tuple[WeightBlock, ...]:
    """A module's plain weights as connections; of several, each belongs to the units that follow those of the last.

    Args:
        module: The module.
        matrix: As in `WeightBlock`.
        grid: What the first weight connects.
    """
    return tuple(
        WeightBlock(parameter, matrix, replace(grid, first_unit=index * grid.n_units))
        for index, parameter in enumerate(plain_weights(module))
        if parameter is not None and not parameter.is_complex()
    )

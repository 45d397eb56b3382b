"""Connections of a layer: one value for all weights of a connection, and the strongest where there are too many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tb_neuromapper.training.gradients.layers import Layer
from tb_neuromapper.training.gradients.reductions import absolute, itself, sums_over_last
from tb_neuromapper.training.gradients.weights import ConnectionGrid, WeightBlock

MAX_EDGES_OF_LAYER = 20_000
MAX_EDGES = 200_000


@dataclass(frozen=True)
class Edges:
    """The connections that are kept of one weight block, on its device.

    Attributes:
        gradient: float32 (E,), the connections' dL/dw.
        inputs: int64 (U, k), the kept inputs of each unit, or None if all are kept.
        units: int64 (U,), the units that keep any, or None if all do.
    """

    gradient: Tensor
    inputs: Tensor | None = None
    units: Tensor | None = None


def edge_limit(layers: Sequence[Layer]) -> int:
    """How many edges a layer may keep, so that all together keep at most MAX_EDGES."""
    sizes = sorted(layer.n_connections for layer in layers if layer.weight_blocks)
    n_left = MAX_EDGES
    for index, size in enumerate(sizes):
        share = min(n_left // (len(sizes) - index), MAX_EDGES_OF_LAYER)
        if size > share:
            return share
        n_left -= size
    return MAX_EDGES_OF_LAYER


def keep_edges(block: WeightBlock, gradient: Tensor, limit: int) -> Edges:
    """The edges of a weight block by its gradient: all up to the limit, else the strongest of each unit.

    Where a layer has more units than the limit, only the units with the strongest edges keep one each.
    """
    matrix = block.matrix(gradient).detach()
    if block.grid.n_connections <= limit:
        return Edges(signed_mean(matrix).flatten().clone())  # May be the gradient itself, which clipping will change.
    strengths = sums_over_last(matrix.float(), [absolute])[0]
    n_each = max(limit // block.grid.n_units, 1)
    strengths, inputs = strengths.topk(n_each, dim=1, sorted=False)
    units = None
    if block.grid.n_units > limit:
        units = strengths.squeeze(1).topk(limit, sorted=False).indices
        inputs = inputs[units]
    return Edges(signed_mean(_chosen(matrix, inputs, units)).flatten(), inputs, units)


def edge_weights(block: WeightBlock, weight: Tensor, edges: Edges) -> Tensor:
    """float32 (E,): the weights of the kept edges."""
    matrix = block.matrix(weight)
    return signed_mean(matrix if edges.inputs is None else _chosen(matrix, edges.inputs, edges.units)).flatten()


def _chosen(matrix: Tensor, inputs: Tensor, units: Tensor | None) -> Tensor:
    """(V, k, K) of (U, I, K): the weights of some inputs (V, k) of each unit, or of V units."""
    n_units, n_inputs, size = matrix.shape
    units = torch.arange(n_units, device=inputs.device) if units is None else units
    rows = (inputs + n_inputs * units[:, None]).flatten()
    return matrix.reshape(-1, size).index_select(0, rows).view(*inputs.shape, size)


def edge_pairs(
    grid: ConnectionGrid, inputs: npt.NDArray[np.int32] | None, units: npt.NDArray[np.int32] | None
) -> npt.NDArray[np.int32]:
    """int32 (E, 2): input unit and unit of the kept edges, counted within the layer."""
    if units is None:
        units = np.arange(grid.n_units, dtype=np.int32)
    if inputs is None:
        inputs = np.broadcast_to(np.arange(grid.n_inputs, dtype=np.int32), (grid.n_units, grid.n_inputs))
    groups = units // (grid.n_units // grid.n_groups)
    pairs = np.empty((*inputs.shape, 2), np.int32)
    pairs[..., 0] = inputs + (groups * grid.n_inputs)[:, None]
    pairs[..., 1] = (units + grid.first_unit)[:, None]
    return pairs.reshape(-1, 2)


def signed_mean(matrix: Tensor) -> Tensor:
    """float32 (U, I) of (U, I, K): mean of the absolute weights with the sign of their mean."""
    matrix = matrix.detach().float()
    if matrix.shape[2] == 1:
        return matrix.squeeze(2)
    absolutes, sums = sums_over_last(matrix, [absolute, itself])
    return torch.copysign(absolutes / matrix.shape[2], sums)

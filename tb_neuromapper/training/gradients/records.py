"""Makes a recorded step's `gradients` and `parameters` records of what was seen in it.

Rows are made in the thread of the training. Once their values are on the host, the writing thread makes records of
them; so they keep nothing of the network alive.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_neuromapper import schema
from tb_neuromapper.recording.records import RecordDraft
from tb_neuromapper.training.gradients.edges import Edges, edge_pairs, edge_weights
from tb_neuromapper.training.gradients.layers import Layer
from tb_neuromapper.training.gradients.parameters import WatchedParameter
from tb_neuromapper.training.gradients.statistics import (
    STATISTICS,
    TensorStatistics,
    real,
    reduce,
    strided_sample,
    update_norm,
)
from tb_neuromapper.training.gradients.transfer import FloatArray, Transfer
from tb_neuromapper.training.gradients.units import LayerCalls, combine
from tb_neuromapper.training.gradients.weights import ConnectionGrid, WeightBlock

UNIT_ARRAYS = ("unit_activation", "unit_zeros", "unit_saturated", "unit_gradient", "unit_signed")
COLUMNS = (
    *("weight_norm", "gradient_norm", "clipped_norm", "update_norm", "update_ratio"),
    *(f"weight_{name}" for name in STATISTICS[1:]),
    *(f"gradient_{name}" for name in STATISTICS[1:]),
    *("n_nonfinite_weight", "n_nonfinite_gradient"),
)


@dataclass(frozen=True)
class _BlockEdges:
    """How to get the edges of one weight block after the transfer."""

    grid: ConnectionGrid
    gradient: Callable[[], FloatArray]
    weight: Callable[[], FloatArray]
    inputs: Callable[[], npt.NDArray[np.int32]] | None
    units: Callable[[], npt.NDArray[np.int32]] | None

    def pairs(self) -> npt.NDArray[np.int32]:
        inputs, units = (get() if get is not None else None for get in (self.inputs, self.units))
        return edge_pairs(self.grid, inputs, units)


class LayerRows:
    """One layer's rows of the record; made before the transfer, read after it.

    Args:
        layer: The layer.
        found: What its calls have shown, or None if it was not seen to run.
        kept: Its connections that received gradients.
        transfer: Brings the values to the host.
        sources: Names of the layers that feed it, if it was not seen to run.

    Attributes:
        name: The layer's name.
        n_units, n_inputs: Its units and input units.
        sources: Names of the layers that feed it; "" is the network's input.
        edges: Its connections, by weight block.
    """

    def __init__(
        self,
        layer: Layer,
        found: LayerCalls | None,
        kept: Sequence[tuple[WeightBlock, WatchedParameter, Edges]],
        transfer: Transfer,
        sources: Sequence[str] = (),
    ) -> None:
        calls = found.counted if found is not None else []
        self.name, self.n_units, self.n_inputs = layer.name, layer.n_units, layer.n_inputs
        self.sources = list(found.sources if found is not None else sources)
        self._described = {
            "name": layer.name,
            "kind": layer.kind,
            "type": type(layer.module).__name__,
            "unit": layer.unit,
            "activation": next((call.activation for call in calls if call.activation), layer.activation),
            "n_units": layer.n_units,
            "n_inputs": layer.n_inputs,
            "sources": self.sources,
            "frozen": layer.is_frozen,
            "shares": layer.shares,
            "calls": len(calls),
            "n_values": sum(call.n_values for call in calls),
            "n_connections": layer.n_connections,
        }
        forward, backward = combine(calls)
        self._forward = transfer.add(forward) if forward is not None else None
        self._backward = transfer.add(backward) if backward is not None else None
        self.edges = [_edges_of(block, item, edges, transfer) for block, item, edges in kept]

    def units(self, scale: float) -> FloatArray:
        """float32 (5, U), as UNIT_ARRAYS; what is not known or not finite is NaN."""
        units = np.full((len(UNIT_ARRAYS), self.n_units), np.nan, np.float32)
        if self._forward is not None:
            units[:3] = self._forward()
        if self._backward is not None:
            units[3:] = self._backward() / np.float32(scale)
        units[~np.isfinite(units)] = np.nan
        return units

    def describe(self, units: FloatArray, n_units: Mapping[str, int]) -> dict[str, Any]:
        """The layer's line in `gradients/layers`.

        Args:
            units: As the method `units` returns them.
            n_units: Of all layers, by name.
        """
        of_sources = {n_units.get(name, 0) for name in self.sources if name}
        n_source = of_sources.pop() if len(of_sources) == 1 and "" not in self.sources else 0
        is_flattened = n_source > 0 and self.n_inputs % n_source == 0 and self.n_inputs > 0
        bad = np.isnan(units).sum(axis=1)
        return {
            **self._described,
            "inputs_per_source": self.n_inputs // n_source if is_flattened else 1,
            "n_edges": sum(len(edge.gradient()) for edge in self.edges),
            "n_nonfinite_activation": int(bad[0]) if self._forward is not None else 0,
            "n_nonfinite_gradient": int(bad[3]) if self._backward is not None else 0,
        }


def gradients_draft(rows: Sequence[LayerRows], scale: float, attributes: dict[str, Any]) -> RecordDraft:
    """The record of the layers.

    Args:
        rows: The layers, whose values have been transferred.
        scale: By what the loss was scaled; gradients are divided by it.
        attributes: Of the record.
    """
    units = [row.units(scale) for row in rows]
    edges = [edge for row in rows for edge in row.edges]
    n_units = {row.name: row.n_units for row in rows}
    table = [row.describe(of_row, n_units) for row, of_row in zip(rows, units, strict=True)]
    joined = np.concatenate([*units, np.zeros((len(UNIT_ARRAYS), 0), np.float32)], axis=1)
    nothing = np.zeros(0, np.float32)
    arrays = {
        "gradients/layers": schema.to_json_array(table),
        **{f"gradients/{name}": joined[index] for index, name in enumerate(UNIT_ARRAYS)},
        "gradients/edges": np.concatenate([*(edge.pairs() for edge in edges), np.zeros((0, 2), np.int32)]),
        "gradients/edge_gradient": np.concatenate([*(edge.gradient() / np.float32(scale) for edge in edges), nothing]),
        "gradients/edge_weight": np.concatenate([*(edge.weight() for edge in edges), nothing]),
    }
    return RecordDraft("gradients", arrays, attributes, frozenset({"gradients/layers"}))


def _edges_of(block: WeightBlock, item: WatchedParameter, edges: Edges, transfer: Transfer) -> _BlockEdges:
    return _BlockEdges(
        block.grid,
        transfer.add(edges.gradient),
        transfer.add(edge_weights(block, item.parameter.detach(), edges)),
        transfer.add_ids(edges.inputs) if edges.inputs is not None else None,
        transfer.add_ids(edges.units) if edges.units is not None else None,
    )


class ParameterRow:
    """One parameter's line in the table; made before the transfer, read after it.

    Args:
        name: The parameter's full name.
        layer: The layer, or else the module, that it belongs to.
        item: What the step has shown of it.
        transfer: Brings the values to the host.
    """

    def __init__(self, name: str, layer: str, item: WatchedParameter, transfer: Transfer) -> None:
        parameter = item.parameter.detach()
        self._described = {
            "name": name,
            "layer": layer,
            "n_values": parameter.numel(),
            "frozen": not item.parameter.requires_grad,
            "learning_rate": item.learning_rate,
        }
        after = strided_sample(parameter)
        self._weight = TensorStatistics(reduce(parameter, after), transfer)
        self._gradient = TensorStatistics(item.gradient, transfer) if item.gradient is not None else None
        self._clipped = transfer.add(item.clipped_norm) if item.clipped_norm is not None else None
        update = None if item.before is None else update_norm(item.before, after, real(parameter).numel())
        self._update = transfer.add(update) if update is not None else None

    def describe(self) -> dict[str, Any]:
        """The parameter's line in `parameters/rows`."""
        return self._described

    def statistics(self, scale: float) -> dict[str, float]:
        """The statistics by column; what is not known or not finite is NaN.

        Args:
            scale: By what the loss was scaled; gradients are divided by it.
        """
        known = {f"weight_{name}": value for name, value in self._weight.named().items()}
        if self._gradient is not None:
            gradient = self._gradient.named()
            known |= {f"gradient_{name}": gradient[name] / scale for name in STATISTICS}
            known["n_nonfinite_gradient"] = gradient["n_nonfinite"]
        known["n_nonfinite_weight"] = known.pop("weight_n_nonfinite")
        known["clipped_norm"] = float(self._clipped()) if self._clipped is not None else math.nan
        known["update_norm"] = float(self._update()) if self._update is not None else math.nan
        norm = known["weight_norm"]
        known["update_ratio"] = known["update_norm"] / norm if norm > 0 else math.nan
        values = {name: float(known.get(name, math.nan)) for name in COLUMNS}
        return {name: value if math.isfinite(value) else math.nan for name, value in values.items()}


def parameters_draft(rows: Sequence[ParameterRow], scale: float, attributes: dict[str, Any]) -> RecordDraft:
    """The record of the parameters.

    Args:
        rows: The parameters, whose values have been transferred.
        scale: By what the loss was scaled; gradients are divided by it.
        attributes: Of the record.
    """
    statistics = np.full((len(rows), len(COLUMNS)), np.nan, np.float32)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for index, row in enumerate(rows):
            statistics[index] = list(row.statistics(scale).values())
    arrays: dict[str, npt.NDArray[Any]] = {
        "parameters/rows": schema.to_json_array([row.describe() for row in rows]),
        "parameters/statistics": statistics,
    }
    return RecordDraft("parameters", arrays, {**attributes, "columns": list(COLUMNS)}, frozenset({"parameters/rows"}))

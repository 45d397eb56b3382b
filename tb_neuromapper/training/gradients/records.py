"""From what a recorded step has shown to its `gradients` and `parameters` records.

Rows are made in the thread of the training. Once their figures are on the host, the writing thread makes records of
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
from tb_neuromapper.recording.records import Draft
from tb_neuromapper.training.gradients.edges import Edges, edge_pairs, edge_weights
from tb_neuromapper.training.gradients.layers import Layer
from tb_neuromapper.training.gradients.parameters import WatchedParameter
from tb_neuromapper.training.gradients.statistics import (
    FIGURES,
    Figures,
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
    *(f"weight_{name}" for name in FIGURES[1:]),
    *(f"gradient_{name}" for name in FIGURES[1:]),
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
        sources: What feeds the layer, if it was not seen to run.
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
        """The layer's line in `gradients/layers`; `n_units` of all layers by name."""
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


def gradients_draft(rows: Sequence[LayerRows], scale: float, attributes: dict[str, Any]) -> Draft:
    """The record of the layers, whose results have been transferred."""
    units = [row.units(scale) for row in rows]
    edges = [edge for row in rows for edge in row.edges]
    n_units = {row.name: row.n_units for row in rows}
    table = [row.describe(figures, n_units) for row, figures in zip(rows, units, strict=True)]
    joined = np.concatenate([*units, np.zeros((len(UNIT_ARRAYS), 0), np.float32)], axis=1)
    nothing = np.zeros(0, np.float32)
    arrays = {
        "gradients/layers": schema.to_json_array(table),
        **{f"gradients/{name}": joined[index] for index, name in enumerate(UNIT_ARRAYS)},
        "gradients/edges": np.concatenate([*(edge.pairs() for edge in edges), np.zeros((0, 2), np.int32)]),
        "gradients/edge_gradient": np.concatenate([*(edge.gradient() / np.float32(scale) for edge in edges), nothing]),
        "gradients/edge_weight": np.concatenate([*(edge.weight() for edge in edges), nothing]),
    }
    return Draft("gradients", arrays, attributes, frozenset({"gradients/layers"}))


def _edges_of(block: WeightBlock, item: WatchedParameter, edges: Edges, transfer: Transfer) -> _BlockEdges:
    return _BlockEdges(
        block.grid,
        transfer.add(edges.gradient),
        transfer.add(edge_weights(block, item.parameter.detach(), edges)),
        transfer.add_ids(edges.inputs) if edges.inputs is not None else None,
        transfer.add_ids(edges.units) if edges.units is not None else None,
    )


class ParameterRow:
    """One parameter's line in the table; made before the transfer, read after it."""

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
        self._weight = Figures(reduce(parameter, after), transfer)
        self._gradient = Figures(item.gradient, transfer) if item.gradient is not None else None
        self._clipped = transfer.add(item.clipped_norm) if item.clipped_norm is not None else None
        update = None if item.before is None else update_norm(item.before, after, real(parameter).numel())
        self._update = transfer.add(update) if update is not None else None

    def describe(self) -> dict[str, Any]:
        """The parameter's line in `parameters/rows`."""
        return self._described

    def statistics(self, scale: float) -> dict[str, float]:
        """By column; what is not known or not finite is NaN."""
        figures = {f"weight_{name}": figure for name, figure in self._weight.named().items()}
        if self._gradient is not None:
            gradient = self._gradient.named()
            figures |= {f"gradient_{name}": gradient[name] / scale for name in FIGURES}
            figures["n_nonfinite_gradient"] = gradient["n_nonfinite"]
        figures["n_nonfinite_weight"] = figures.pop("weight_n_nonfinite")
        figures["clipped_norm"] = float(self._clipped()) if self._clipped is not None else math.nan
        figures["update_norm"] = float(self._update()) if self._update is not None else math.nan
        norm = figures["weight_norm"]
        figures["update_ratio"] = figures["update_norm"] / norm if norm > 0 else math.nan
        found = {name: float(figures.get(name, math.nan)) for name in COLUMNS}
        return {name: value if math.isfinite(value) else math.nan for name, value in found.items()}


def parameters_draft(rows: Sequence[ParameterRow], scale: float, attributes: dict[str, Any]) -> Draft:
    """The record of the parameters, whose results have been transferred."""
    statistics = np.full((len(rows), len(COLUMNS)), np.nan, np.float32)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for index, row in enumerate(rows):
            statistics[index] = list(row.statistics(scale).values())
    arrays: dict[str, npt.NDArray[Any]] = {
        "parameters/rows": schema.to_json_array([row.describe() for row in rows]),
        "parameters/statistics": statistics,
    }
    return Draft("parameters", arrays, {**attributes, "columns": list(COLUMNS)}, frozenset({"parameters/rows"}))

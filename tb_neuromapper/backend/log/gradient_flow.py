"""The gradient flow of one training step, from its `gradients` and `parameters` records.

What a log says is not trusted: the table of the layers must account for every row of the arrays. What does not fit
is left out with a sentence.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_neuromapper.backend.log.arrays import ArrayLoader
from tb_neuromapper.backend.log.checks import EDGE_ARRAYS
from tb_neuromapper.backend.log.layer_norms import layer_norms
from tb_neuromapper.backend.log.layer_table import (
    FloatArray,
    LayerRows,
    LayerTable,
    Units,
    is_count,
    layer_rows,
    load_layers,
    load_units,
)
from tb_neuromapper.backend.log.parameter_table import ParameterTable, load_parameters, recorded_problems
from tb_neuromapper.backend.log.run_log import LogEntry
from tb_neuromapper.schema import RecordError


@dataclass(frozen=True)
class LayerFlow:
    """One layer at one training step; docs/event_format.md says what each figure means.

    Attributes:
        name, kind, type, unit, activation, sources, frozen, shares, calls: As in the record.
        n_units, n_inputs, inputs_per_source: Units, input units, and inputs that belong to one unit of the source.
        n_values: Values of each unit, samples times positions; 0 = unknown.
        n_nonfinite_activation, n_nonfinite_gradient: Units that are unknown because they had NaN or infinite values.
        unit_activation, unit_zeros, unit_saturated, unit_gradient, unit_signed: float32 (U,); NaN = unknown.
        edges: int32 (E, 2), input unit and unit.
        edge_gradient, edge_weight: float32 (E,).
        n_connections: Connections that there are; E of them are stored.
        update_ratio: Norm of the weights' change divided by the norm of the weights, biases left out; NaN = unknown.
        parameters: Statistics by column, by the parameter's full name.
    """

    name: str
    kind: str
    type: str
    unit: str
    activation: str | None
    sources: list[str]
    frozen: bool
    shares: str | None
    calls: int
    n_units: int
    n_inputs: int
    inputs_per_source: int
    n_connections: int
    n_values: int
    n_nonfinite_activation: int
    n_nonfinite_gradient: int
    unit_activation: FloatArray
    unit_zeros: FloatArray
    unit_saturated: FloatArray
    unit_gradient: FloatArray
    unit_signed: FloatArray
    edges: npt.NDArray[np.int32]
    edge_gradient: FloatArray
    edge_weight: FloatArray
    update_ratio: float = math.nan
    parameters: dict[str, dict[str, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class GradientFlow:
    """All layers at one training step.

    Attributes:
        step: The training step.
        epoch: The last epoch that was logged before it, or None.
        layers: In the order of their first call.
        problems: What the training side and the reader found amiss, as sentences.
    """

    step: int
    epoch: int | None
    layers: list[LayerFlow]
    problems: list[str]


def load_flow(loader: ArrayLoader, gradients: LogEntry, parameters: LogEntry | None) -> GradientFlow:
    """One step's gradient flow.

    Args:
        loader: Reads the arrays.
        gradients: The step's `gradients` record.
        parameters: Its `parameters` record, if there is one.

    Raises:
        RecordError: The record of the gradients is missing or broken; what is wrong with that of the parameters is
            among the problems.
    """
    problems = recorded_problems(gradients)
    table = load_layers(loader, gradients)
    units = load_units(loader, gradients, table)
    edges = _load_edges(loader, gradients, table, problems)
    statistics = _try_parameters(loader, parameters, problems)
    layers = list(_layers(table, units, edges, statistics, problems))
    epoch = gradients.record.attributes.get("epoch")
    return GradientFlow(gradients.record.step, epoch if is_count(epoch) else None, layers, problems)


def _layers(
    table: LayerTable,
    units: Units,
    edges: Mapping[str, npt.NDArray[Any]] | None,
    parameters: ParameterTable | None,
    problems: list[str],
) -> Iterator[LayerFlow]:
    ratios = _update_ratios(parameters)
    for rows in layer_rows(table):
        own_edges = _edges_of(rows, edges)
        if not _in_range(own_edges["edges"], rows.layer):
            problems.append(
                f"connections of layer {rows.layer['name']!r} name units that it does not have; none is shown."
            )
            own_edges = _edges_of(rows, None)
        fields: dict[str, Any] = {key: value for key, value in rows.layer.items() if key != "n_edges"}
        fields.update({name: array[rows.units] for name, array in units.items()}, **own_edges)
        owner = rows.layer["shares"] or rows.layer["name"]
        statistics = parameters.of_layer(owner) if parameters is not None else {}
        yield LayerFlow(**fields, update_ratio=ratios.get(owner, math.nan), parameters=statistics)


def _load_edges(
    loader: ArrayLoader, gradients: LogEntry, table: LayerTable, problems: list[str]
) -> dict[str, npt.NDArray[Any]] | None:
    """The edges' arrays, or None, with a sentence if they are there but cannot be used."""
    if any(f"gradients/{name}" not in gradients.record.tensors for name in EDGE_ARRAYS):
        return None
    try:
        arrays = {name: loader.load(gradients, f"gradients/{name}") for name in EDGE_ARRAYS}
    except RecordError as error:
        problems.append(f"connections: {error}")
        return None
    n_found, n_edges = len(arrays["edges"]), sum(layer["n_edges"] for layer in table)
    if n_found != n_edges:
        problems.append(f"its layers have {n_edges} connections together, but {n_found} are stored; none is shown.")
        return None
    return arrays


def _edges_of(rows: LayerRows, edges: Mapping[str, npt.NDArray[Any]] | None) -> dict[str, npt.NDArray[Any]]:
    """A layer's rows of the edges' arrays; without arrays, none."""
    if edges is not None:
        return {name: array[rows.edges] for name, array in edges.items()}
    empty = np.zeros(0, np.float32)
    return {"edges": np.zeros((0, 2), np.int32), "edge_gradient": empty, "edge_weight": empty}


def _in_range(edges: npt.NDArray[np.int32], layer: Mapping[str, Any]) -> bool:
    if not len(edges):
        return True
    return bool(edges.min() >= 0 and edges[:, 0].max() < layer["n_inputs"] and edges[:, 1].max() < layer["n_units"])


def _try_parameters(loader: ArrayLoader, entry: LogEntry | None, problems: list[str]) -> ParameterTable | None:
    if entry is None:
        return None
    try:
        table = load_parameters(loader, entry)
    except RecordError as error:
        problems.append(f"parameters: {error}")
        return None
    problems += [problem for problem in table.problems if problem not in problems]
    return table


def _update_ratios(parameters: ParameterTable | None) -> dict[str, float]:
    if parameters is None:
        return {}
    norms = layer_norms(parameters)
    return dict(zip(norms.names, norms.update_ratio.tolist(), strict=True))

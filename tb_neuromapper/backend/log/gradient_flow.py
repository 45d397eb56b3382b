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
from tb_neuromapper.backend.log.checks import EDGE_ARRAYS, UNIT_ARRAYS
from tb_neuromapper.backend.log.reader import LogEntry
from tb_neuromapper.schema import RecordError

FloatArray = npt.NDArray[np.float32]

LAYER_KINDS = ("linear", "conv", "norm", "embedding", "attention", "recurrent")
_TEXTS = ("name", "kind", "type", "unit")
_COUNTS = ("n_units", "n_inputs", "calls", "n_edges", "n_connections", "n_values")
_COUNTS_OF_BAD = ("n_nonfinite_activation", "n_nonfinite_gradient")
_MAX_COUNT = 2**40


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
        problems: What the training side and the reader found amiss, in words.
    """

    step: int
    epoch: int | None
    layers: list[LayerFlow]
    problems: list[str]


@dataclass(frozen=True)
class ParameterTable:
    """The statistics of all parameter tensors at one training step.

    Attributes:
        step: The training step.
        rows: Per tensor `name`, `layer`, `n_values`, `frozen` and `learning_rate`.
        columns: The C columns' names.
        statistics: float32 (P, C); NaN = unknown.
        problems: In words.
    """

    step: int
    rows: list[dict[str, Any]]
    columns: list[str]
    statistics: FloatArray
    problems: list[str]

    def of_layer(self, layer: str) -> dict[str, dict[str, float]]:
        """The statistics by column, by the name of each of a layer's parameters."""
        return {
            row["name"]: dict(zip(self.columns, map(float, values), strict=True))
            for row, values in zip(self.rows, self.statistics, strict=True)
            if row["layer"] == layer
        }


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
    problems = _sentences(gradients)
    table = load_layers(loader, gradients)
    units = load_units(loader, gradients, sum(row["n_units"] for row in table))
    edges = _load_edges(loader, gradients, sum(row["n_edges"] for row in table), problems)
    statistics = _try_parameters(loader, parameters, problems)
    layers = list(_layers(table, units, edges, statistics, problems))
    epoch = gradients.record.attributes.get("epoch")
    return GradientFlow(gradients.record.step, epoch if _is_count(epoch) else None, layers, problems)


def load_layers(loader: ArrayLoader, gradients: LogEntry) -> list[dict[str, Any]]:
    """The table of the layers, every field of which is there and has its type.

    Raises:
        RecordError: It is missing or broken.
    """
    return [_checked_layer(row) for row in loader.load_list(gradients, "gradients/layers")]


def load_parameters(loader: ArrayLoader, parameters: LogEntry) -> ParameterTable:
    """One step's parameter statistics.

    Raises:
        RecordError: The record is missing or broken.
    """
    rows = [_checked_row(row) for row in loader.load_list(parameters, "parameters/rows")]
    statistics = loader.load(parameters, "parameters/statistics")
    if len(rows) != len(statistics):
        raise RecordError(f"it describes {len(rows)} parameters; its statistics have {len(statistics)} rows.")
    columns = list(parameters.record.attributes["columns"])
    return ParameterTable(parameters.record.step, rows, columns, statistics, _sentences(parameters))


def _layers(
    table: list[dict[str, Any]],
    units: Mapping[str, FloatArray],
    edges: Mapping[str, npt.NDArray[Any]] | None,
    parameters: ParameterTable | None,
    problems: list[str],
) -> Iterator[LayerFlow]:
    first_unit = first_edge = 0
    for row in table:
        own_edges = _no_edges() if edges is None else _rows_of(edges, first_edge, row["n_edges"])
        if not _in_range(own_edges["edges"], row):
            problems.append(f"connections of layer {row['name']!r} name units that it does not have; none is shown.")
            own_edges = _no_edges()
        fields = {key: value for key, value in row.items() if key != "n_edges"}
        fields.update(_rows_of(units, first_unit, row["n_units"]), **own_edges)
        statistics = parameters.of_layer(row["shares"] or row["name"]) if parameters is not None else {}
        yield LayerFlow(**fields, update_ratio=_update_ratio(statistics), parameters=statistics)
        first_unit, first_edge = first_unit + row["n_units"], first_edge + row["n_edges"]


def load_units(loader: ArrayLoader, entry: LogEntry, n_units: int) -> dict[str, FloatArray]:
    """The units' arrays; what the record lacks is NaN.

    Raises:
        RecordError: The arrays are broken or are not those of `n_units` units.
    """
    arrays = {}
    for name in UNIT_ARRAYS:
        if f"gradients/{name}" in entry.record.tensors:
            arrays[name] = loader.load(entry, f"gradients/{name}")
            if len(arrays[name]) != n_units:
                raise RecordError(f"its layers have {n_units} units together; its arrays hold {len(arrays[name])}.")
        else:
            arrays[name] = np.full(n_units, np.nan, np.float32)
    return arrays


def _load_edges(
    loader: ArrayLoader, entry: LogEntry, n_edges: int, problems: list[str]
) -> dict[str, npt.NDArray[Any]] | None:
    """The edges' arrays, or None, with a sentence if they are there but cannot be used."""
    if any(f"gradients/{name}" not in entry.record.tensors for name in EDGE_ARRAYS):
        return None
    try:
        arrays = {name: loader.load(entry, f"gradients/{name}") for name in EDGE_ARRAYS}
    except RecordError as error:
        problems.append(f"connections: {error}")
        return None
    n_found = len(arrays["edges"])
    if n_found != n_edges:
        problems.append(f"its layers have {n_edges} connections together, but {n_found} are stored; none is shown.")
        return None
    return arrays


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


def _rows_of(arrays: Mapping[str, npt.NDArray[Any]], start: int, n: int) -> dict[str, npt.NDArray[Any]]:
    return {name: array[start : start + n] for name, array in arrays.items()}


def _no_edges() -> dict[str, npt.NDArray[Any]]:
    empty = np.zeros(0, np.float32)
    return {"edges": np.zeros((0, 2), np.int32), "edge_gradient": empty, "edge_weight": empty}


def _in_range(edges: npt.NDArray[np.int32], row: Mapping[str, Any]) -> bool:
    if not len(edges):
        return True
    return bool(edges.min() >= 0 and edges[:, 0].max() < row["n_inputs"] and edges[:, 1].max() < row["n_units"])


def _update_ratio(parameters: Mapping[str, Mapping[str, float]]) -> float:
    """Of all weights of a layer together; a bias begins near 0, where a ratio means little."""
    weights = [values for name, values in parameters.items() if "weight" in name.rpartition(".")[2]]
    update, weight = (_joint_norm([values.get(key, math.nan) for values in weights]) for key in _NORMS)
    return update / weight if weight > 0 else math.nan


_NORMS = ("update_norm", "weight_norm")


def _joint_norm(norms: list[float]) -> float:
    return math.hypot(*norms) if norms else math.nan


def _checked_layer(row: object) -> dict[str, Any]:
    """One layer of the table with all fields; those that may be missing have their defaults.

    Raises:
        RecordError: A field is missing or has another type.
    """
    if not isinstance(row, dict) or not all(isinstance(row.get(key), str) for key in _TEXTS):
        raise RecordError(f"a layer of its table has no {', '.join(_TEXTS)}; each must be a text.")
    if row["kind"] not in LAYER_KINDS:
        raise RecordError(f"layer {row['name']!r} is of kind {row['kind']!r}; allowed are {', '.join(LAYER_KINDS)}.")
    defaults = {**dict.fromkeys((*_COUNTS[1:], *_COUNTS_OF_BAD), 0), "inputs_per_source": 1}
    filled = {**defaults, **row}
    counts = (*_COUNTS, *_COUNTS_OF_BAD, "inputs_per_source")
    for key in counts:
        if not _is_count(filled.get(key)) or (key == "inputs_per_source" and filled[key] == 0):
            raise RecordError(f"layer {row['name']!r} has {key} {filled.get(key)!r}; a number of things is needed.")
    sources, optional = filled.get("sources", []), {key: filled.get(key) for key in ("activation", "shares")}
    if not isinstance(sources, list) or not all(isinstance(name, str) for name in sources):
        raise RecordError(f"the sources of layer {row['name']!r} are not a list of names.")
    if any(not isinstance(value, str | None) for value in optional.values()):
        raise RecordError(f"layer {row['name']!r} has {optional}; texts or null are needed.")
    kept = {key: filled[key] for key in (*_TEXTS, *counts)}
    return {**kept, **optional, "sources": sources, "frozen": filled.get("frozen") is True}


def _checked_row(row: object) -> dict[str, Any]:
    if not isinstance(row, dict) or not all(isinstance(row.get(key), str) for key in ("name", "layer")):
        raise RecordError("a row of its table has no name and layer; each must be a text.")
    n_values, rate = row.get("n_values"), row.get("learning_rate")
    is_rate = isinstance(rate, int | float) and not isinstance(rate, bool) and math.isfinite(rate)
    return {
        "name": row["name"],
        "layer": row["layer"],
        "n_values": n_values if _is_count(n_values) else None,
        "frozen": row.get("frozen") is True,
        "learning_rate": rate if is_rate else None,
    }


def _sentences(entry: LogEntry) -> list[str]:
    problems = entry.record.attributes.get("problems")
    return [text for text in problems if isinstance(text, str)] if isinstance(problems, list) else []


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MAX_COUNT

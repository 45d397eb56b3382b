"""The gradients screen: what its routes answer, from indexes and arrays. Pure: no files, no sockets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_neuromapper.backend.log.gradient_flow import GradientFlow, LayerFlow
from tb_neuromapper.backend.log.layer_norms import layer_norms
from tb_neuromapper.backend.log.layer_table import FloatArray, LayerTable, Units, layer_rows
from tb_neuromapper.backend.log.parameter_table import ParameterTable, is_weight
from tb_neuromapper.backend.log.run_log import RunLog
from tb_neuromapper.backend.log.steps import version

MEASURES = ("gradient_norm", "update_ratio", "dead", "activation")
SCALES = ("unit", "edge", "activation", "weight")
QUANTILES = ("min", "q1", "median", "q3", "max")
HISTORY = {"activation": "unit_activation", "zeros": "unit_zeros", "gradient": "unit_gradient", "signed": "unit_signed"}
_ARRAY_FIELDS = tuple(field.name for field in fields(LayerFlow) if field.name.startswith(("unit_", "edge")))
_PERCENTILES = (2, 99.5)
_MAX_DECADES = 6


@dataclass(frozen=True)
class StepSummary:
    """One step in the overview.

    Attributes:
        names: The L layers.
        measures: float32 (len(MEASURES), L); NaN = unknown.
    """

    names: tuple[str, ...]
    measures: FloatArray


def describe_briefly(log: RunLog) -> dict[str, Any] | None:
    """Of a run's gradient flow what changes when it grows; None without any."""
    steps = log.steps("gradients")
    return {"n_steps": len(steps), "version": f"{steps[-1]}-{version(log, steps[-1])}"} if steps else None


def flow_arrays(flow: GradientFlow) -> dict[str, npt.NDArray[Any]]:
    """All layers' arrays, one after the other."""
    return {name: np.concatenate([getattr(layer, name) for layer in flow.layers]) for name in _ARRAY_FIELDS}


def flow_layers(flow: GradientFlow) -> list[dict[str, Any]]:
    """The table of the layers as the frame's header holds it."""
    return [
        {
            **{field.name: getattr(layer, field.name) for field in fields(layer) if field.name not in _NOT_IN_TABLE},
            "n_edges": len(layer.edges),
        }
        for layer in flow.layers
    ]


_NOT_IN_TABLE = {*_ARRAY_FIELDS, "update_ratio", "parameters"}


def summarize(layers: LayerTable, units: Units, parameters: ParameterTable | None) -> StepSummary:
    """One step's measures of each layer."""
    measures = np.full((len(MEASURES), len(layers)), np.nan, np.float32)
    norms = _norms_by_layer(parameters)
    for index, rows in enumerate(layer_rows(layers)):
        measures[:2, index] = norms.get(rows.layer["shares"] or rows.layer["name"], (np.nan, np.nan))
        zeros, activation = units["unit_zeros"][rows.units], units["unit_activation"][rows.units]
        known = zeros[np.isfinite(zeros)]
        measures[2, index] = (known == 1).mean() if len(known) else np.nan
        finite = activation[np.isfinite(activation)]
        measures[3, index] = finite.mean() if len(finite) else np.nan
    return StepSummary(tuple(layer["name"] for layer in layers), measures)


def overview(summaries: Sequence[StepSummary | None], names: Sequence[str]) -> dict[str, FloatArray]:
    """By measure float32 (L, S): the named layers at each step; NaN where a step or layer is missing."""
    stacked = np.full((len(MEASURES), len(names), len(summaries)), np.nan, np.float32)
    for column, summary in enumerate(summaries):
        if summary is None:
            continue
        if summary.names == tuple(names):
            stacked[:, :, column] = summary.measures
        else:
            places = {name: index for index, name in enumerate(summary.names)}
            for row, name in enumerate(names):
                if name in places:
                    stacked[:, row, column] = summary.measures[:, places[name]]
    return dict(zip(MEASURES, stacked, strict=True))


def magnitude_ends(flow: GradientFlow) -> npt.NDArray[np.float64]:
    """(len(SCALES), 2): between which magnitudes almost all of a step's values lie; NaN without any."""
    arrays = flow_arrays(flow) if flow.layers else {}
    names = ("unit_gradient", "edge_gradient", "unit_activation", "edge_weight")
    return np.array([_ends(arrays.get(name, np.zeros(0, np.float32))) for name in names])


def scale(ends: Sequence[npt.NDArray[np.float64]]) -> dict[str, list[float] | None]:
    """By scale the ends of its logarithmic axis over steps, powers of ten, so that growth seldom moves them."""
    merged: dict[str, list[float] | None] = dict.fromkeys(SCALES)
    if not ends:
        return merged
    for index, name in enumerate(SCALES):
        lows, highs = np.array(ends)[:, index].T
        if not np.isfinite(highs).any():
            continue
        high = math.ceil(math.log10(np.nanpercentile(highs, 95)) - 1e-9)
        low = math.floor(math.log10(np.nanpercentile(lows, 5)) + 1e-9)
        merged[name] = [10.0 ** min(max(low, high - _MAX_DECADES), high - 1), 10.0**high]
    return merged


def unit_history(
    found: Sequence[tuple[LayerTable, Units] | None], layer: str, unit: int
) -> dict[str, list[float | None]]:
    """One unit's figures at each step; None where it is unknown."""
    history: dict[str, list[float | None]] = {name: [] for name in HISTORY}
    for item in found:
        row = None if item is None else _row_of_unit(item[0], layer, unit)
        for name, array in HISTORY.items():
            history[name].append(None if item is None or row is None else _nullable(item[1][array][row]))
    return history


def weight_of(table: ParameterTable, layer: str) -> tuple[str | None, list[str]]:
    """The name of a layer's weights, the largest of them, and the names of all its parameters."""
    rows = [row for row in table.rows if row["layer"] == layer]
    weights = [row for row in rows if is_weight(row["name"])] or rows
    largest = max(weights, key=lambda row: row["n_values"] or 0, default=None)
    return None if largest is None else largest["name"], [row["name"] for row in rows]


def distributions(tables: Sequence[ParameterTable | None], parameter: str) -> dict[str, dict[str, list[float | None]]]:
    """Quantiles of a parameter's values and gradients at each step; None where they are unknown."""
    found: dict[str, dict[str, list[float | None]]] = {
        of: {name: [] for name in QUANTILES} for of in ("weight", "gradient")
    }
    for table in tables:
        names = [row["name"] for row in table.rows] if table is not None else []
        row = names.index(parameter) if parameter in names else None
        for of, quantiles in found.items():
            for name, values in quantiles.items():
                values.append(None if table is None or row is None else _statistic(table, row, f"{of}_{name}"))
    return found


def _norms_by_layer(parameters: ParameterTable | None) -> dict[str, tuple[float, float]]:
    """By layer the norm of its gradients, before clipping, and its update ratio."""
    if parameters is None:
        return {}
    norms = layer_norms(parameters)
    return dict(zip(norms.names, zip(norms.gradient_norm, norms.update_ratio, strict=True), strict=True))


def _ends(values: FloatArray) -> tuple[float, float]:
    sizes = np.abs(values)
    sizes = sizes[np.isfinite(sizes) & (sizes > 0)]
    if not len(sizes):
        return math.nan, math.nan
    low, high = np.percentile(sizes, _PERCENTILES)
    return float(low), float(high)


def _row_of_unit(layers: LayerTable, layer: str, unit: int) -> int | None:
    rows = next((rows for rows in layer_rows(layers) if rows.layer["name"] == layer), None)
    return rows.units.start + unit if rows is not None and unit < rows.layer["n_units"] else None


def _statistic(table: ParameterTable, row: int, column: str) -> float | None:
    return _nullable(table.statistics[row, table.columns.index(column)]) if column in table.columns else None


def _nullable(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None

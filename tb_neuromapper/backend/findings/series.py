"""What the rules read, as arrays over time, from what was loaded of each step. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_neuromapper.backend.log.blocks import ACTIVATIONS
from tb_neuromapper.backend.log.layer_norms import layer_norms
from tb_neuromapper.backend.log.layer_table import Units, layer_rows
from tb_neuromapper.backend.log.parameter_table import ParameterTable
from tb_neuromapper.numerics.findings.evidence import (
    FloatArray,
    FlowSeries,
    LayerSeries,
    ParameterSeries,
    ProbeUnits,
)
from tb_neuromapper.schema import Record

_SERIES = tuple(field.name for field in fields(ParameterSeries) if field.name not in ("name", "frozen"))
Step = tuple[list[dict[str, Any]], Units]


def unit_blocks(records: Iterable[Record]) -> list[str]:
    """The blocks whose logged columns are the block's own units, not projected to fewer."""
    blocks: dict[str, None] = {}
    for record in records:
        details = record.attributes.get("blocks")
        for name, spec in record.tensors.items():
            block = name.removeprefix(ACTIVATIONS)
            found = details.get(block) if isinstance(details, dict) else None
            if isinstance(found, dict) and found.get("n_features") == spec.shape[1]:
                blocks[block] = None
    return list(blocks)


def probe_units(block: str, found: Mapping[int, npt.NDArray[Any]]) -> ProbeUnits:
    """The ends of each unit's output over the probe.

    Args:
        block: Its name.
        found: Its outputs (n, U) by training step, all of one shape.
    """
    steps = sorted(found)
    largest = np.stack([found[step].max(axis=0) for step in steps]).astype(np.float32)
    smallest = np.stack([found[step].min(axis=0) for step in steps]).astype(np.float32)
    return ProbeUnits(block, np.array(steps, np.int64), largest, smallest, len(found[steps[0]]))


def flow_series(
    steps: Sequence[int], tables: Mapping[int, ParameterTable], units: Mapping[int, Step], scaled: set[int]
) -> FlowSeries:
    """A run's training steps, transposed: each layer and module over time.

    Args:
        steps: All S steps, ascending.
        tables: The parameters' statistics by step.
        units: The layers' table and the units' arrays by step.
        scaled: The steps whose loss was scaled.
    """
    layers = _layers(list(steps), units)
    parameters = _parameters(steps, tables)
    flags = np.array([step in scaled for step in steps], dtype=bool)
    return FlowSeries(np.array(steps, np.int64), np.array(sorted(units), np.int64), layers, parameters, flags)


def _layers(steps: list[int], units: Mapping[int, Step]) -> list[LayerSeries]:
    """Each layer that is called at the newest step, or, of a compiled network, each that there is.

    Where another step's layer has other units, it is unknown there.
    """
    if not units:
        return []
    table = units[max(units)][0]
    newest = [row for row in table if row["calls"] > 0] or table
    read = {source for layer in newest for source in layer["sources"]}
    arrays = {step: dict(_by_layer(*found)) for step, found in units.items()}
    return [_layer(row, row["name"] not in read, steps, arrays) for row in newest]


def _by_layer(table: list[dict[str, Any]], units: Units) -> Iterator[tuple[str, dict[str, FloatArray]]]:
    """The units' arrays of each layer that is called, by its name."""
    for rows in layer_rows(table):
        if rows.layer["calls"] > 0:
            yield rows.layer["name"], {name: array[rows.units] for name, array in units.items()}


def _layer(
    row: dict[str, Any], is_output: bool, steps: list[int], arrays: Mapping[int, dict[str, dict[str, FloatArray]]]
) -> LayerSeries:
    unknown = np.full(row["n_units"], np.nan, np.float32)
    found: dict[str, list[FloatArray]] = {}
    mean_gradient, n_nonfinite = np.full((2, len(steps)), np.nan)
    for step in sorted(arrays):
        own = arrays[step].get(row["name"], {})
        for name in ("unit_activation", "unit_zeros", "unit_saturated"):
            values = own.get(name, unknown)
            found.setdefault(name, []).append(values if values.shape == unknown.shape else unknown)
        at = steps.index(step)
        mean_gradient[at] = _mean(own.get("unit_gradient", unknown))
        n_nonfinite[at] = np.count_nonzero(~np.isfinite(own["unit_activation"])) if own else np.nan
    return LayerSeries(
        name=row["name"],
        kind=row["kind"],
        unit=row["unit"],
        activation=row["activation"],
        is_output=is_output,
        weights=row["shares"] or row["name"],
        n_values=row["n_values"],
        **{name: np.stack(values) for name, values in found.items()},
        mean_gradient=mean_gradient,
        n_nonfinite=n_nonfinite,
    )


def _mean(values: FloatArray) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else math.nan


def _parameters(steps: Sequence[int], tables: Mapping[int, ParameterTable]) -> list[ParameterSeries]:
    found: dict[str, FloatArray] = {}
    frozen: dict[str, bool] = {}
    for at, step in enumerate(steps):
        if step not in tables:
            continue
        norms = layer_norms(tables[step])
        columns = np.stack([getattr(norms, name) for name in _SERIES])
        for name, values in zip(norms.names, columns.T, strict=True):
            found.setdefault(name, np.full((len(_SERIES), len(steps)), np.nan))[:, at] = values
        frozen.update(zip(norms.names, norms.is_frozen.tolist(), strict=True))
    return [
        ParameterSeries(name, frozen[name], **dict(zip(_SERIES, values, strict=True))) for name, values in found.items()
    ]

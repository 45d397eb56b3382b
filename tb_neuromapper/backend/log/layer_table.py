"""The table of layers in a `gradients` record: its lines, and which rows of the arrays belong to which layer.

What a log says is not trusted: every field is checked when the table is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_neuromapper.backend.log.arrays import ArrayLoader
from tb_neuromapper.backend.log.checks import UNIT_ARRAYS
from tb_neuromapper.backend.log.run_log import LogEntry
from tb_neuromapper.schema import RecordError

FloatArray = npt.NDArray[np.float32]
# By the names of checks.UNIT_ARRAYS float32 (U,): of the units of all layers, one layer after the other.
Units = Mapping[str, FloatArray]
LayerTable = Sequence[Mapping[str, Any]]

LAYER_KINDS = ("linear", "conv", "norm", "embedding", "attention", "recurrent")
_TEXTS = ("name", "kind", "type", "unit")
_COUNTS = ("n_units", "n_inputs", "calls", "n_edges", "n_connections", "n_values")
_COUNTS_OF_BAD = ("n_nonfinite_activation", "n_nonfinite_gradient")
_MAX_COUNT = 2**40


@dataclass(frozen=True)
class LayerRows:
    """One layer and the rows that it owns.

    Attributes:
        layer: Its line in the table.
        units: Its rows of the U in the units' arrays.
        edges: Its rows of the E in the edges' arrays.
    """

    layer: Mapping[str, Any]
    units: slice
    edges: slice


def layer_rows(table: LayerTable) -> Iterator[LayerRows]:
    """The layers in the table's order: each owns the next `n_units` rows and the next `n_edges` rows."""
    first_unit = first_edge = 0
    for layer in table:
        units, edges = (first_unit, first_unit + layer["n_units"]), (first_edge, first_edge + layer["n_edges"])
        yield LayerRows(layer, slice(*units), slice(*edges))
        first_unit, first_edge = units[1], edges[1]


def load_layers(loader: ArrayLoader, gradients: LogEntry) -> list[dict[str, Any]]:
    """The table of the layers, every field of which is there and has its type.

    Raises:
        RecordError: It is missing or broken.
    """
    return [_checked_layer(row) for row in loader.load_list(gradients, "gradients/layers")]


def load_units(loader: ArrayLoader, gradients: LogEntry, table: LayerTable) -> dict[str, FloatArray]:
    """The arrays of the table's units, each float32 (U,); what the record lacks is NaN.

    Raises:
        RecordError: The arrays are broken or are not those of the table's units.
    """
    n_units = sum(layer["n_units"] for layer in table)
    arrays = {}
    for name in UNIT_ARRAYS:
        if f"gradients/{name}" in gradients.record.tensors:
            arrays[name] = loader.load(gradients, f"gradients/{name}")
            if len(arrays[name]) != n_units:
                raise RecordError(f"its layers have {n_units} units together; its arrays hold {len(arrays[name])}.")
        else:
            arrays[name] = np.full(n_units, np.nan, np.float32)
    return arrays


def is_count(value: object) -> bool:
    """Whether a value of a log is a number of things that may be there."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MAX_COUNT


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
        if not is_count(filled.get(key)) or (key == "inputs_per_source" and filled[key] == 0):
            raise RecordError(f"layer {row['name']!r} has {key} {filled.get(key)!r}; a number of things is needed.")
    sources, optional = filled.get("sources", []), {key: filled.get(key) for key in ("activation", "shares")}
    if not isinstance(sources, list) or not all(isinstance(name, str) for name in sources):
        raise RecordError(f"the sources of layer {row['name']!r} are not a list of names.")
    if any(not isinstance(value, str | None) for value in optional.values()):
        raise RecordError(f"layer {row['name']!r} has {optional}; texts or null are needed.")
    kept = {key: filled[key] for key in (*_TEXTS, *counts)}
    return {**kept, **optional, "sources": sources, "frozen": filled.get("frozen") is True}

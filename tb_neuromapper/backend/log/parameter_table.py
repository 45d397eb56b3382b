"""The statistics of all parameter tensors at one training step, from its `parameters` record."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_neuromapper.backend.log.arrays import ArrayLoader
from tb_neuromapper.backend.log.layer_table import FloatArray, is_count
from tb_neuromapper.backend.log.run_log import LogEntry
from tb_neuromapper.schema import RecordError


@dataclass(frozen=True)
class ParameterTable:
    """The statistics of P parameter tensors at one training step; docs/event_format.md says what each column means.

    Attributes:
        step: The training step.
        rows: Per tensor `name`, `layer`, `n_values`, `frozen` and `learning_rate`.
        columns: The C columns' names.
        statistics: float32 (P, C); NaN = unknown.
        problems: Sentences of the training side.
    """

    step: int
    rows: list[dict[str, Any]]
    columns: list[str]
    statistics: FloatArray
    problems: list[str]

    def column(self, name: str) -> npt.NDArray[np.float64]:
        """(P,) one column of the statistics; NaN if the record lacks it."""
        if name not in self.columns:
            return np.full(len(self.rows), np.nan)
        return self.statistics[:, self.columns.index(name)].astype(np.float64)

    def of_layer(self, layer: str) -> dict[str, dict[str, float]]:
        """The statistics by column, by the name of each of a layer's parameters."""
        return {
            row["name"]: dict(zip(self.columns, map(float, values), strict=True))
            for row, values in zip(self.rows, self.statistics, strict=True)
            if row["layer"] == layer
        }


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
    return ParameterTable(parameters.record.step, rows, columns, statistics, recorded_problems(parameters))


def is_weight(name: str) -> bool:
    """Whether a parameter, by its full name, is a weight and no bias."""
    return "weight" in name.rpartition(".")[2]


def recorded_problems(entry: LogEntry) -> list[str]:
    """The sentences that the training side has put into a record."""
    problems = entry.record.attributes.get("problems")
    return [text for text in problems if isinstance(text, str)] if isinstance(problems, list) else []


def _checked_row(row: object) -> dict[str, Any]:
    if not isinstance(row, dict) or not all(isinstance(row.get(key), str) for key in ("name", "layer")):
        raise RecordError("a row of its table has no name and layer; each must be a text.")
    n_values, rate = row.get("n_values"), row.get("learning_rate")
    is_rate = isinstance(rate, int | float) and not isinstance(rate, bool) and math.isfinite(rate)
    return {
        "name": row["name"],
        "layer": row["layer"],
        "n_values": n_values if is_count(n_values) else None,
        "frozen": row.get("frozen") is True,
        "learning_rate": rate if is_rate else None,
    }

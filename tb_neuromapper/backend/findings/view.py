"""Findings as the page and `run.findings` show them, and the arrays that the rules read, from what was loaded. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_neuromapper.backend.gradients import view as gradients
from tb_neuromapper.backend.log.gradient_flow import ParameterTable
from tb_neuromapper.backend.log.reader import RunLog
from tb_neuromapper.numerics.findings.evidence import (
    Finding,
    FloatArray,
    FlowSeries,
    LayerSeries,
    ParameterSeries,
    ProbeUnits,
)
from tb_neuromapper.numerics.findings.rules import RULES, THRESHOLDS, Verdict
from tb_neuromapper.schema import Record

NON_FINITE_COLUMNS = ("n_nonfinite_weight", "n_nonfinite_gradient")
Step = tuple[list[dict[str, Any]], gradients.Units]


def counters(log: RunLog | None) -> tuple[int | None, int | None]:
    """The last training step and the last epoch that a run's records know of; None where there is none."""
    if log is None:
        return None, None
    counted = [step for step in gradients.train_steps(log) if step is not None]
    train_steps = [*log.steps("gradients")[-1:], *log.steps("parameters")[-1:], *counted[-1:]]
    return max(train_steps, default=None), max(log.steps("activations")[-1:], default=None)


def unit_blocks(records: Iterable[Record]) -> list[str]:
    """The blocks whose logged columns are the block's own units: not projected to fewer."""
    blocks: dict[str, None] = {}
    for record in records:
        details = record.attributes.get("blocks")
        for name, spec in record.tensors.items():
            block = name.removeprefix("activations/")
            found = details.get(block) if isinstance(details, dict) else None
            if isinstance(found, dict) and found.get("n_features") == spec.shape[1]:
                blocks[block] = None
    return list(blocks)


def probe_units(block: str, found: Mapping[int, npt.NDArray[Any]]) -> ProbeUnits:
    """The ends of each unit's output over the probe.

    Args:
        block: Its name.
        found: (n, U) by step, of one shape.
    """
    steps = sorted(found)
    largest = np.stack([found[step].max(axis=0) for step in steps]).astype(np.float32)
    smallest = np.stack([found[step].min(axis=0) for step in steps]).astype(np.float32)
    return ProbeUnits(block, np.array(steps, np.int64), largest, smallest, len(found[steps[0]]))


def flow_series(
    steps: Sequence[int], tables: Mapping[int, ParameterTable], units: Mapping[int, Step], scaled: set[int]
) -> FlowSeries:
    """A run's steps, turned round: each layer and module over time.

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


def column(table: ParameterTable, name: str) -> FloatArray:
    """(P,) one column of the statistics; NaN if the record lacks it."""
    if name not in table.columns:
        return np.full(len(table.rows), np.nan)
    return table.statistics[:, table.columns.index(name)].astype(np.float64)


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


def _by_layer(table: list[dict[str, Any]], units: gradients.Units) -> Iterable[tuple[str, dict[str, FloatArray]]]:
    start = 0
    for row in table:
        own = slice(start, start + row["n_units"])
        start += row["n_units"]
        if row["calls"] > 0:
            yield row["name"], {name: array[own] for name, array in units.items()}


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
        names, figures, is_frozen = _figures(tables[step])
        for name, values in zip(names, figures, strict=True):
            found.setdefault(name, np.full((figures.shape[1], len(steps)), np.nan))[:, at] = values
        frozen.update(zip(names, is_frozen.tolist(), strict=True))
    return [ParameterSeries(name, frozen[name], *values) for name, values in found.items()]


def _figures(table: ParameterTable) -> tuple[list[str], FloatArray, npt.NDArray[np.bool_]]:
    """One step's modules.

    Returns:
        M names; float64 (M, 6) the root mean square of the gradient of their weights, the gradient's norm, the update
        ratio, the weights' norm, and the counts of gradients and weights that are not finite; bool (M,) frozen.
    """
    names = list(dict.fromkeys(row["layer"] for row in table.rows))
    places = {name: index for index, name in enumerate(names)}
    groups = np.array([places[row["layer"]] for row in table.rows], np.intp)
    is_weight = np.array(["weight" in row["name"].rpartition(".")[2] for row in table.rows], bool)
    sizes = np.array([row["n_values"] or 0 for row in table.rows], np.float64)

    def total(values: FloatArray, chosen: npt.NDArray[np.bool_]) -> FloatArray:
        """(M,) sums over what is known; NaN where nothing is."""
        known = chosen & np.isfinite(values)
        sums = np.bincount(groups[known], values[known], len(names))
        return np.where(np.bincount(groups[known], minlength=len(names)) > 0, sums, np.nan)

    every = np.ones(len(table.rows), bool)
    gradient, weight, update = (total(column(table, f"{of}_norm") ** 2, is_weight) for of in _NORMS)
    with np.errstate(all="ignore"):
        figures = [
            np.sqrt(gradient / total(sizes, is_weight)),
            np.sqrt(total(column(table, "gradient_norm") ** 2, every)),
            np.where(weight > 0, np.sqrt(update / weight), np.nan),
            np.sqrt(weight),
            total(column(table, "n_nonfinite_gradient"), every),
            total(column(table, "n_nonfinite_weight"), every),
        ]
    n_trained = np.bincount(groups, [not row["frozen"] for row in table.rows], len(names))
    return names, np.stack(figures, axis=1), n_trained == 0


_NORMS = ("gradient", "weight", "update")


def describe(verdict: Verdict, thresholds: Mapping[str, float], tags: Sequence[str]) -> dict[str, Any]:
    """What the route answers.

    Args:
        verdict: What the rules say.
        thresholds: All thresholds as they were used.
        tags: The run's scalars, to which a finding may link.
    """
    return {
        "findings": [describe_finding(finding, tags) for finding in verdict.findings],
        "rules": [
            {"kind": rule.kind, "title": rule.title, "source": rule.source, "thresholds": list(rule.thresholds)}
            for rule in RULES
        ],
        "thresholds": [
            {
                "name": each.name,
                "title": each.title,
                "value": thresholds[each.name],
                "default": each.default,
                "low": each.low,
                "high": each.high,
                "unit": each.unit,
            }
            for each in THRESHOLDS.values()
        ],
        "healthy": verdict.healthy,
        "unchecked": verdict.unchecked,
    }


def describe_finding(finding: Finding, tags: Sequence[str]) -> dict[str, Any]:
    """One finding with the link to where it is seen: the screen, and of it the layer or tag, the step and the units."""
    tag = finding.evidence.get("tag", finding.where)
    is_scalar = tag in tags
    layer = "" if finding.where in tags else finding.where
    link = {
        "screen": "scalars" if is_scalar else "gradients",
        "tag": tag if is_scalar else None,
        "layer": layer or None,
        "unit": finding.units[0] if finding.units else None,
        "train_step": _shown_step(finding),
    }
    return {
        "kind": finding.kind,
        "where": finding.where,
        "units": finding.units,
        "steps": [list(each) for each in finding.steps],
        "message": finding.message,
        "evidence": _plain(finding.evidence),
        "link": link,
    }


def _shown_step(finding: Finding) -> int | None:
    """Where it is best seen: a lasting state at its end, an event where it began."""
    if not finding.steps:
        return None
    return finding.steps[-1][1] if finding.units else finding.steps[0][0]


def _plain(value: Any) -> Any:
    """As JSON can hold it: numbers that are not finite become None."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value

"""The layer in which a loss spike began: its weights, its gradient or its update jumped, and no other layer's as much.

Reference: Iglewicz and Hoaglin 1993, How to detect and handle outliers (the modified z-score), here of logarithms.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from tb_neuromapper.numerics.findings.types import FloatArray, FlowSeries, ParameterSeries
from tb_neuromapper.numerics.findings.words import figure

N_BEFORE = 50
MIN_BEFORE = 3
# Norms change by factors: less than e^0.1 for gradients and updates, e^0.04 for weights, is no spread.
FLOW_NOISE = 0.1
WEIGHT_NOISE = 0.04
LAYER_Z = 3.5
# A layer stands out if its jump, as a logarithm, is so many times that of any other: a wrong batch or learning rate
# moves all layers.
LEAD = 2.0


@dataclass(frozen=True)
class Origin:
    """The layer that jumped first.

    Attributes:
        words: A sentence about it, or about why there is none.
        layer: Its name; "" if no record is near enough, or no layer stands out.
        measure: "weight norm", "gradient norm" or "update".
        step: The recorded step.
        factor: How many times its usual value, or that of the record before for the weights.
    """

    words: str = "No record of the gradient flow near it tells in which layer it began."
    layer: str = ""
    measure: str = ""
    step: int | None = None
    factor: float = 1.0


@dataclass(frozen=True)
class _Jump:
    """One layer's change at one record: its modified z-score, and its size as a logarithm."""

    layer: str
    measure: str
    score: float
    size: float


def find_origin(flow: FlowSeries, first: int, last: int) -> Origin:
    """The layer in which a spike from step `first` to `last` began.

    Weights come first, as they change what all layers put out: they may have jumped until the record before the spike,
    or from there to the first record since it began; what comes later is its effect. Gradients and updates count at
    the records in it and the one before.
    """
    start, end = (int(at) for at in np.searchsorted(flow.steps, [first, last + 1]))
    before = max(0, start - 1)
    at_weights = range(before, min(start + 1, len(flow.steps)))
    # With a record at the first step of the spike, what was before is not this spike.
    at_flow = range(before if start == end or flow.steps[start] > first else start, end)
    if not at_weights:
        return Origin()
    of_weights = _standing_out(flow, at_weights, _weight_jumps)
    of_flow = _standing_out(flow, at_flow, _flow_jumps)
    found = next(of_weights, None) or next(of_flow, None)
    return found or Origin("The records of the gradient flow near it show no layer that stands out.")


def _standing_out(
    flow: FlowSeries, records: range, jumps_of: Callable[[ParameterSeries, int], list[_Jump]]
) -> Iterator[Origin]:
    """The layers that jump far more than all others, record by record."""
    for at in records:
        largest = [max(jumps, key=lambda jump: jump.size) for each in flow.parameters if (jumps := jumps_of(each, at))]
        ordered = sorted(largest, key=lambda jump: -jump.size)
        rest = ordered[1].size if len(ordered) > 1 else 0.0
        if ordered and ordered[0].score > LAYER_Z and ordered[0].size > LEAD * rest:
            yield _origin(flow, at, ordered[0])


def _origin(flow: FlowSeries, at: int, jump: _Jump) -> Origin:
    step = int(flow.steps[at])
    if jump.measure == "weight norm":
        own = next(each for each in flow.parameters if each.name == jump.layer).weight_norm
        before, now = float(own[at - 1]), float(own[at])
        words = (
            f"It began in {jump.layer}, whose weights changed: their norm was {figure(before)} at step "
            f"{flow.steps[at - 1]} and {figure(now)} at step {step}."
        )
        return Origin(words, jump.layer, jump.measure, step, now / before)
    factor = math.exp(min(jump.size, 700.0))
    words = f"It began in {jump.layer}, whose {jump.measure} was {figure(factor)} times the usual at step {step}."
    return Origin(words, jump.layer, jump.measure, step, factor)


def _weight_jumps(each: ParameterSeries, at: int) -> list[_Jump]:
    """The change of the weights' norm since the record before, beside the changes before that."""
    logs = _log(each.weight_norm[max(0, at - N_BEFORE - 1) : at + 1])
    changes = np.abs(np.diff(logs))
    return _jump(each.name, "weight norm", changes, WEIGHT_NOISE, 0.0)


def _flow_jumps(each: ParameterSeries, at: int) -> list[_Jump]:
    """The gradient's norm and the update, beside those of the records before."""
    found = []
    for measure, values in (("gradient norm", each.gradient_norm), ("update", each.update_ratio)):
        logs = _log(values[max(0, at - N_BEFORE) : at + 1])
        known = logs[:-1][np.isfinite(logs[:-1])]
        usual = float(np.median(known)) if len(known) else 0.0
        found += _jump(each.name, measure, logs, FLOW_NOISE, usual)
    return found


def _jump(layer: str, measure: str, values: FloatArray, noise: float, usual: float) -> list[_Jump]:
    """The last of some values, beside those before it; nothing if too few of them are known."""
    if not len(values) or not np.isfinite(values[-1]):
        return []
    before = values[:-1][np.isfinite(values[:-1])]
    if len(before) < MIN_BEFORE:
        return []
    middle = float(np.median(before))
    spread = max(float(np.median(np.abs(before - middle))), noise)
    return [_Jump(layer, measure, 0.6745 * (float(values[-1]) - middle) / spread, float(values[-1]) - usual)]


def _log(values: FloatArray) -> FloatArray:
    """Logarithms; NaN for what is not positive or not finite."""
    return np.log(np.where(np.isfinite(values) & (values > 0), values, np.nan).astype(np.float64))

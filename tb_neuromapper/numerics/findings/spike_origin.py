"""The layer in which a loss spike began: its weights, its gradient or its update jumped, and no other layer's as much.

Reference: Iglewicz and Hoaglin 1993, How to detect and handle outliers (the modified z-score), here of logarithms.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tb_neuromapper.numerics.findings.evidence import FloatArray, FlowSeries, ParameterSeries
from tb_neuromapper.numerics.findings.wording import format_number

WEIGHTS, GRADIENT, UPDATE = "weight norm", "gradient norm", "update"
N_BEFORE = 50
MIN_BEFORE = 3
# Norms change by factors: less than e^0.1 for gradients and updates, e^0.02 for weights, is no spread.
FLOW_NOISE = 0.1
WEIGHT_NOISE = 0.02
LAYER_Z = 3.5
# A layer stands out if its jump, as a logarithm, is so many times that of any other: a wrong batch or learning rate
# moves all layers.
LEAD = 2.0
# A recorded step whose update is this share of the change of the weights' norm, or more, made it.
EXPLAINED = 0.4
# A batch may well move all layers twice as much as the one before: from e^1.1 = 3 times on it is a step too large.
LEAST_OF_ALL = 1.1


@dataclass(frozen=True)
class Origin:
    """The layer that jumped first.

    Attributes:
        message: A sentence about it, or about why there is none.
        layer: Its name; "" if no record is near enough, no layer stands out, or all have jumped.
        measure: What jumped: "weight norm", "gradient norm" or "update"; "" if nothing is known.
        step: The recorded step at which it jumped, or None.
        factor: Its ratio to the usual value, or, of the weights, to that of the record before.
    """

    message: str = "No record of the gradient flow near it tells in which layer it began."
    layer: str = ""
    measure: str = ""
    step: int | None = None
    factor: float = 1.0


@dataclass(frozen=True)
class _Jump:
    """One layer's change at record `at`: its modified z-score, and its size as a logarithm."""

    layer: str
    measure: str
    at: int
    score: float
    size: float


def find_origin(flow: FlowSeries, first: int, last: int) -> Origin:
    """The layer in which a spike of the loss from step `first` to `last` began.

    If the step right before it was recorded, and changed all layers far more than usual, that was it. Else weights come
    first, as they change the outputs of all layers: they may have jumped until the record before the spike, or from
    there to the first record since it began. Then updates and gradients at the first record in it and the one before;
    with a record at its first step only updates of the step before that. What comes later is its effect.
    """
    start, end = (int(at) for at in np.searchsorted(flow.steps, [first, last + 1]))
    n_records = len(flow.steps)
    if not n_records:
        return Origin()
    before = max(0, start - 1)
    is_recorded = start < end and flow.steps[start] == first
    is_next = flow.steps[before] == first - 1
    if is_next and _have_all_jumped(flow, before):
        return _of_all(flow, before)
    looked_at = [(at, [WEIGHTS]) for at in range(before, min(start + 1, n_records))]
    if not is_recorded:
        looked_at.append((before, [GRADIENT, UPDATE]))
    elif is_next:
        looked_at.append((before, [UPDATE]))
    if start < end:
        looked_at.append((start, [GRADIENT, UPDATE]))
    for at, measures in looked_at:
        jump = _standing_out(flow, at, measures)
        if jump is not None and jump.measure == WEIGHTS and _is_of_step(flow, jump):
            largest = _standing_out(flow, at, [UPDATE])
            if largest is None and _have_all_jumped(flow, at):
                return _of_all(flow, at)
            if largest is None or largest.layer != jump.layer:
                jump = largest
        if jump is not None:
            return _origin(flow, jump)
    return Origin("The records of the gradient flow near it show no layer that stands out.")


def _is_of_step(flow: FlowSeries, jump: _Jump) -> bool:
    """Whether weights jumped at the recorded step itself, and not since the record before."""
    own = next(each for each in flow.parameters if each.name == jump.layer)
    before, now = own.weight_norm[jump.at - 1], own.weight_norm[jump.at]
    return bool(own.update_ratio[jump.at] * now >= EXPLAINED * abs(now - before))


def _have_all_jumped(flow: FlowSeries, at: int) -> bool:
    """Whether each layer's update jumped, and none's far more than all others'."""
    jumps = [jump for each in flow.parameters if (jump := _jump(each, UPDATE, at))]
    are_high = len(jumps) > 1 and all(jump.score > LAYER_Z and jump.size > LEAST_OF_ALL for jump in jumps)
    return are_high and _standing_out(flow, at, [UPDATE]) is None


def _of_all(flow: FlowSeries, at: int) -> Origin:
    """A step at which all have jumped: it was too large for the whole network."""
    sizes = [jump.size for each in flow.parameters if (jump := _jump(each, UPDATE, at))]
    factor = math.exp(min(float(np.median(sizes)), 700.0))
    step = int(flow.steps[at])
    times = format_number(factor)
    message = f"It began with step {step}: it changed all layers, {times} times as much as usual in the median."
    return Origin(message, "", UPDATE, step, factor)


def _standing_out(flow: FlowSeries, at: int, measures: Sequence[str]) -> _Jump | None:
    """The layer that jumps far more than all others at a record."""
    found = ([jump for measure in measures if (jump := _jump(each, measure, at))] for each in flow.parameters)
    ordered = sorted((max(jumps, key=lambda jump: jump.size) for jumps in found if jumps), key=lambda jump: -jump.size)
    if not ordered or ordered[0].score <= LAYER_Z:
        return None
    return ordered[0] if len(ordered) == 1 or ordered[0].size > LEAD * ordered[1].size else None


def _origin(flow: FlowSeries, jump: _Jump) -> Origin:
    step = int(flow.steps[jump.at])
    if jump.measure == WEIGHTS:
        own = next(each for each in flow.parameters if each.name == jump.layer).weight_norm
        before, now = float(own[jump.at - 1]), float(own[jump.at])
        message = (
            f"It began in {jump.layer}, whose weights changed: their norm was {format_number(before)} at step "
            f"{flow.steps[jump.at - 1]} and {format_number(now)} at step {step}."
        )
        return Origin(message, jump.layer, jump.measure, step, now / before)
    factor = math.exp(min(jump.size, 700.0))
    times = format_number(factor)
    message = f"It began in {jump.layer}, whose {jump.measure} was {times} times the usual at step {step}."
    return Origin(message, jump.layer, jump.measure, step, factor)


def _jump(each: ParameterSeries, measure: str, at: int) -> _Jump | None:
    """How far a layer's measure is from the records before; None if too few of them are known.

    Of the weights it is the change of the norm since the record before, compared with earlier changes.
    """
    if measure == WEIGHTS:
        values, noise = np.abs(np.diff(_log(each.weight_norm[max(0, at - N_BEFORE - 1) : at + 1]))), WEIGHT_NOISE
    else:
        # The change itself: in ratio to weights that it has made far larger it is no larger than 1.
        series = each.gradient_norm if measure == GRADIENT else each.update_ratio * each.weight_norm
        values, noise = _log(series[max(0, at - N_BEFORE) : at + 1]), FLOW_NOISE
    if not len(values) or not np.isfinite(values[-1]):
        return None
    before = values[:-1][np.isfinite(values[:-1])]
    if len(before) < MIN_BEFORE:
        return None
    middle, now = float(np.median(before)), float(values[-1])
    spread = max(float(np.median(np.abs(before - middle))), noise)
    size = now if measure == WEIGHTS else now - middle
    return _Jump(each.name, measure, at, 0.6745 * (now - middle) / spread, size)


def _log(values: FloatArray) -> FloatArray:
    """Logarithms; NaN for what is not positive or not finite."""
    return np.log(np.where(np.isfinite(values) & (values > 0), values, np.nan).astype(np.float64))

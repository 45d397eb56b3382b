"""All rules, their thresholds, and their application to the evidence of one run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from tb_neuromapper.numerics.findings import (
    dead_units,
    dormant_units,
    exploding_gradient,
    loss_spikes,
    no_gradient,
    non_finite,
    saturated_units,
    update_ratio,
    vanishing_gradient,
)
from tb_neuromapper.numerics.findings.evidence import Evidence, Finding, FlowSeries


@dataclass(frozen=True)
class Threshold:
    """A number that decides whether something is a finding; the user may change it.

    Attributes:
        name: Its name in `thresholds`.
        title: What it decides, as the page displays it.
        default: Its value unless the user sets one.
        low: The lowest allowed value.
        high: The highest allowed value.
        unit: Its unit, as the page displays it.
    """

    name: str
    title: str
    default: float
    low: float
    high: float
    unit: str


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        kind: Its name, and the kind of its findings.
        title: What it looks for, as the page displays it.
        find: The rule: from the evidence to its findings.
        has_data: Whether the evidence holds what the rule reads.
        thresholds: The names of the thresholds that it reads.
        source: Its reference.
    """

    kind: str
    title: str
    find: Callable[[Evidence], list[Finding]]
    has_data: Callable[[Evidence], bool]
    thresholds: tuple[str, ...]
    source: str


THRESHOLDS = {
    threshold.name: threshold
    for threshold in (
        Threshold("dead_share", "units dead to the end that are too many", 0.3, 0, 1, "share of the layer"),
        Threshold("always_dead_share", "units dead all the time that are too many", 0.125, 0, 1, "share of the layer"),
        Threshold("dormant_tau", "a unit is dormant up to", 0.025, 0, 1, "of its layer's mean output"),
        Threshold("dormant_share", "dormant units that are too many", 0.4, 0, 1, "share of the layer"),
        Threshold("saturation", "a unit is saturated from", 0.75, 0, 1, "share of its outputs"),
        Threshold("saturated_share", "saturated units that are too many", 0.2, 0, 1, "share of the layer"),
        Threshold("vanishing_ratio", "vanishing: first layers' gradient, of the last", 1e-2, 0, 1, "ratio"),
        Threshold("exploding_ratio", "exploding: gradient, of the last layers or first steps", 1e2, 1, 1e30, "ratio"),
        Threshold("update_ratio_low", "an update is too small below", 1e-5, 0, 1, "of the weights' norm"),
        Threshold("update_ratio_high", "an update is too large above", 1e-1, 0, 1e30, "of the weights' norm"),
        Threshold("spike_score", "a loss spikes above", 8, 1, 1e30, "modified z-score"),
        Threshold("scaled_records", "overflows in a row that count in mixed precision", 3, 1, 1000, "records"),
    )
}

RULES = (
    Rule(
        non_finite.KIND,
        "values that are infinite or not a number",
        non_finite.find,
        non_finite.has_data,
        ("scaled_records",),
        "IEEE 754",
    ),
    Rule(
        no_gradient.KIND,
        "layers that never get a gradient",
        no_gradient.find,
        no_gradient.has_data,
        (),
        "PyTorch, torch.autograd: grad is None for what the loss does not depend on",
    ),
    Rule(
        dead_units.KIND,
        "dead units",
        dead_units.find,
        dead_units.has_data,
        ("dead_share", "always_dead_share"),
        "Lu et al. 2020, Dying ReLU and initialization",
    ),
    Rule(
        dormant_units.KIND,
        "dormant units",
        dormant_units.find,
        dormant_units.has_data,
        ("dormant_tau", "dormant_share"),
        "Sokar et al. 2023, The dormant neuron phenomenon in deep reinforcement learning",
    ),
    Rule(
        saturated_units.KIND,
        "saturated units",
        saturated_units.find,
        saturated_units.has_data,
        ("saturation", "saturated_share"),
        "Glorot and Bengio 2010, Understanding the difficulty of training deep feedforward neural networks",
    ),
    Rule(
        vanishing_gradient.KIND,
        "vanishing gradients",
        vanishing_gradient.find,
        vanishing_gradient.has_data,
        ("vanishing_ratio",),
        "Glorot and Bengio 2010, Understanding the difficulty of training deep feedforward neural networks",
    ),
    Rule(
        exploding_gradient.KIND,
        "exploding gradients",
        exploding_gradient.find,
        exploding_gradient.has_data,
        ("exploding_ratio",),
        "Pascanu, Mikolov and Bengio 2013, On the difficulty of training recurrent neural networks",
    ),
    Rule(
        update_ratio.KIND,
        "updates far from a thousandth of the weights",
        update_ratio.find,
        update_ratio.has_data,
        ("update_ratio_low", "update_ratio_high"),
        "Karpathy, CS231n notes, Neural networks 3: ratio of weights and updates",
    ),
    Rule(
        loss_spikes.KIND,
        "loss spikes",
        loss_spikes.find,
        loss_spikes.has_data,
        ("spike_score",),
        "Iglewicz and Hoaglin 1993, How to detect and handle outliers; Chowdhery et al. 2022, PaLM, section 5.1",
    ),
)


@dataclass(frozen=True)
class RuleReport:
    """The results of all rules for one run.

    Attributes:
        findings: In the order of RULES, the most urgent first.
        healthy: Kinds of the rules that had data and found nothing.
        unchecked: Kinds of the rules for which the log has no data.
    """

    findings: list[Finding]
    healthy: list[str]
    unchecked: list[str]


def run_rules(evidence: Evidence, thresholds: Mapping[str, float] | None = None) -> RuleReport:
    """Run all rules.

    From the first value on that is not finite, numbers mean nothing: only the rule about those reads on from there.

    Args:
        evidence: The run's records.
        thresholds: By name; the others have their default.

    Raises:
        ValueError: A threshold's name is unknown or its value not allowed.
    """
    checked = check_thresholds(thresholds or {})
    whole = replace(evidence, thresholds=checked)
    flow = evidence.flow
    sound = replace(whole, flow=_until_non_finite(flow, checked["scaled_records"])) if flow is not None else whole
    findings: list[Finding] = []
    healthy: list[str] = []
    unchecked: list[str] = []
    for rule in RULES:
        read = whole if rule.kind == non_finite.KIND else sound
        found = rule.find(read)
        findings += found
        if not found:
            (healthy if rule.has_data(read) else unchecked).append(rule.kind)
    return RuleReport(findings, healthy, unchecked)


def check_thresholds(given: Mapping[str, float]) -> dict[str, float]:
    """All thresholds by name: the given values, and the defaults of the others.

    Raises:
        ValueError: A name is unknown, or a value is not a number within the threshold's range.
    """
    unknown = [name for name in given if name not in THRESHOLDS]
    if unknown:
        raise ValueError(f"there is no threshold {unknown[0]!r:.80}; there are {', '.join(THRESHOLDS)}.")
    for name, value in given.items():
        threshold = THRESHOLDS[name]
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not (is_number and threshold.low <= value <= threshold.high):
            ends = f"{threshold.low:g} to {threshold.high:g}"
            raise ValueError(f"the threshold {name} is {value!r:.80}; only a number from {ends} is allowed.")
    return {name: float(given.get(name, threshold.default)) for name, threshold in THRESHOLDS.items()}


def _until_non_finite(flow: FlowSeries, n_scaled: float) -> FlowSeries:
    at = non_finite.first_record(flow, n_scaled)
    return flow if at is None else _cut(flow, at)


def _cut(flow: FlowSeries, n: int) -> FlowSeries:
    """The first n recorded steps."""
    n_unit_steps = int(np.searchsorted(flow.unit_steps, flow.steps[n]))
    layers = [
        replace(
            layer,
            unit_activation=layer.unit_activation[:n_unit_steps],
            unit_zeros=layer.unit_zeros[:n_unit_steps],
            unit_saturated=layer.unit_saturated[:n_unit_steps],
            mean_gradient=layer.mean_gradient[:n],
            n_nonfinite=layer.n_nonfinite[:n],
        )
        for layer in flow.layers
    ]
    parameters = [
        replace(
            each,
            weight_gradient=each.weight_gradient[:n],
            gradient_norm=each.gradient_norm[:n],
            update_ratio=each.update_ratio[:n],
            weight_norm=each.weight_norm[:n],
            n_nonfinite_gradient=each.n_nonfinite_gradient[:n],
            n_nonfinite_weight=each.n_nonfinite_weight[:n],
        )
        for each in flow.parameters
    ]
    return FlowSeries(flow.steps[:n], flow.unit_steps[:n_unit_steps], layers, parameters, flow.is_scaled[:n])

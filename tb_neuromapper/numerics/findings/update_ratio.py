"""A step changes the weights far more, or far less, than by a thousandth.

Reference: Karpathy, CS231n notes, Neural networks 3: ratio of weights and updates ("should be somewhere around 1e-3").
"""

from __future__ import annotations

import numpy as np

from tb_neuromapper.numerics.findings.evidence import Evidence, Finding, FloatArray, FlowSeries, ParameterSeries
from tb_neuromapper.numerics.findings.vanishing_gradient import reported_layers
from tb_neuromapper.numerics.findings.wording import format_number, ranges

KIND = "update_ratio"
_RATED = ("linear", "conv", "attention", "recurrent")
MIN_RECORDS = 2
# Adam's first step changes every weight by the learning rate, which for small weights is much, and passes.
FIRST_FACTOR = 3.0


def has_data(evidence: Evidence) -> bool:
    """Whether changes of a layer's weights are in the log."""
    return evidence.flow is not None and bool(_recorded(evidence.flow))


def find(evidence: Evidence) -> list[Finding]:
    """At most one finding of layers that move too little, and one of those that move too much.

    If it concerns two thirds of the layers, it is reported of the whole network: then the learning rate is to blame.

    Too large is a median over the recorded steps above the limit; or, in two thirds of the layers, a first record
    FIRST_FACTOR times above it: weights that such steps have blown up change little, relatively, from then on. Too
    small is an upper quartile below the other limit: a network that has learnt all there is to learn moves little, and
    is healthy. So little counts only where the layer moves at all in most records (a dead one has a finding of its
    own), and not in a network that is reported to move too much: what has blown up moves little from then on.
    """
    if evidence.flow is None:
        return []
    low, high = evidence.thresholds["update_ratio_low"], evidence.thresholds["update_ratio_high"]
    rated = _rated(evidence.flow)
    small = [each for each in rated if np.quantile(_known(each), 0.75) < low and np.median(_known(each)) > 0]
    large = [each for each in rated if np.median(_known(each)) > high]
    large_at_first = [each for each in rated if _known(each)[0] > FIRST_FACTOR * high]
    if _are_most(len(large_at_first), len(rated)):
        large = [each for each in rated if each in large or each in large_at_first]
    if _are_most(len(large), len(rated)):
        small = []
    # The finding of a vanishing gradient explains these.
    vanished = reported_layers(evidence)
    small = [each for each in small if each.name not in vanished]
    found = [(small, False, low), (large, True, high)]
    return [
        _finding(layers, len(rated), evidence.flow, is_large=is_large, limit=limit)
        for layers, is_large, limit in found
        if layers
    ]


def _rated(flow: FlowSeries) -> list[ParameterSeries]:
    return [each for each in _recorded(flow) if not each.frozen and (_known(each) > 0).any()]


def _recorded(flow: FlowSeries) -> list[ParameterSeries]:
    names = {layer.weights for layer in flow.layers if layer.kind in _RATED}
    return [each for each in flow.parameters if each.name in names and len(_known(each)) >= MIN_RECORDS]


def _known(each: ParameterSeries) -> FloatArray:
    return each.update_ratio[np.isfinite(each.update_ratio)]


def _are_most(n_found: int, n_rated: int) -> bool:
    return n_found > 1 and 3 * n_found >= 2 * n_rated


def _finding(found: list[ParameterSeries], n_rated: int, flow: FlowSeries, *, is_large: bool, limit: float) -> Finding:
    ratios = [float(np.median(_known(each))) for each in found]
    is_network = _are_most(len(found), n_rated)
    worst = max(ratios) if is_large else min(ratios)
    names = [each.name for each in found]
    subject = names[0] if len(names) == 1 else f"{len(names)} of {n_rated} layers"
    if len(names) > 1 and not is_network:
        subject += f" ({', '.join(names)})"
    change = "far too much" if is_large else "hardly anything"
    shown = [min(ratios), max(ratios)] if len(names) > 1 else [worst]
    first = float(np.median([_known(each)[0] for each in found]))
    when = "in the median over the recorded steps"
    if is_large and worst <= limit:
        shown, when = [first], "at the first recorded step, which has blown up the weights"
    few = "for this layer, or its gradient vanishes" if len(names) == 1 else "for these, or their gradient vanishes"
    cause = "" if is_network or is_large else f", {few}"
    message = (
        f"A step changes {change} in {subject}: the update's norm is {' to '.join(map(format_number, shown))} times "
        f"the weights' norm {when}; about 0.001 is usual. The learning rate is probably too "
        f"{'large' if is_large else 'small'}{cause}."
    )
    values = np.stack([each.update_ratio for each in found])
    beyond = np.any(values > limit if is_large else values < limit, axis=0)
    figures = {"median": worst, "threshold": limit, "layers": names, "medians": ratios, "first": first, "usual": 1e-3}
    where = "" if is_network else names[ratios.index(worst)]
    return Finding(KIND, where, [], ranges(flow.steps, beyond), message, figures)

"""The gradient grows from layer to layer on its way back, or from step to step.

Reference: Pascanu, Mikolov and Bengio 2013, On the difficulty of training recurrent neural networks; Philipp, Song and
Carbonell 2017, The exploding gradient problem demystified.
"""

from __future__ import annotations

import numpy as np

from tb_neuromapper.numerics.findings.depth import Profile, signal_profile, weight_profile
from tb_neuromapper.numerics.findings.evidence import Evidence, Finding, FloatArray, FlowSeries, IntArray
from tb_neuromapper.numerics.findings.wording import format_number, format_steps, ranges

KIND = "exploding_gradient"
# A single record, later than the first, may be one bad batch.
MIN_SHARE = 0.1
# The first records say what is usual for this network.
N_FIRST_RECORDS = 3
MIN_RECORDS = N_FIRST_RECORDS + 2


def has_data(evidence: Evidence) -> bool:
    """Whether the gradients of enough layers, or at enough records, are in the log."""
    flow = evidence.flow
    if flow is None:
        return False
    profiles = [profile for profile in (signal_profile(flow), weight_profile(flow)) if profile is not None]
    return any(np.isfinite(profile.ratio).any() for profile in profiles) or len(_known_norms(flow)) >= MIN_RECORDS


def find(evidence: Evidence) -> list[Finding]:
    """At most one finding: growth across depth at the first or a tenth of the records, or else growth over time."""
    if evidence.flow is None:
        return []
    limit = evidence.thresholds["exploding_ratio"]
    for profile in (signal_profile(evidence.flow), weight_profile(evidence.flow)):
        found = _across_depth(profile, evidence.flow, limit) if profile is not None else None
        if found is not None:
            return [found]
    found = _over_time(evidence.flow, limit)
    return [found] if found is not None else []


def _across_depth(profile: Profile, flow: FlowSeries, limit: float) -> Finding | None:
    ratio = profile.ratio
    known = np.isfinite(ratio)
    is_large = known & (ratio > limit)
    if not known.any():
        return None
    is_large_at_first = is_large[np.argmax(known)]
    if not is_large_at_first and is_large.sum() < max(2, MIN_SHARE * known.sum()):
        return None
    median = float(np.median(ratio[is_large]))
    steps = ranges(flow.steps[known], is_large[known])
    medians = [float(np.nanmedian(values)) for values in profile.values.T]
    where = profile.layers[0]
    message = (
        f"The gradient explodes on its way back: in the first layers (from {where}) it is {format_number(median)} "
        f"times what it is in the last ({profile.layers[-1]}), in the median over {format_steps(steps)}. Smaller "
        "initial weights, normalisation or clipping help."
    )
    figures = {"median_ratio": median, "threshold": limit, "layers": profile.layers, "gradient": medians}
    return Finding(KIND, where, [], steps, message, figures)


def _over_time(flow: FlowSeries, limit: float) -> Finding | None:
    """At two recorded steps or more, the whole gradient is far larger than it ever was at the first."""
    norms, known = _joint_norm(flow), _known_norms(flow)
    if len(known) < MIN_RECORDS:
        return None
    usual = float(norms[known[:N_FIRST_RECORDS]].max())
    is_large = norms[known] > limit * usual
    if is_large.sum() < 2:
        return None
    peak = int(known[np.argmax(norms[known])])
    each = {one.name: float(one.gradient_norm[peak]) for one in flow.parameters if np.isfinite(one.gradient_norm[peak])}
    where = max(each, key=lambda name: each[name])
    steps = ranges(flow.steps[known], is_large)
    message = (
        f"The gradient explodes: at step {flow.steps[peak]} its norm is {format_number(norms[peak])}, "
        f"{format_number(norms[peak] / usual)} times the largest of the first {N_FIRST_RECORDS} recorded steps. The "
        f"largest part is that of {where}. A smaller learning rate or clipping helps."
    )
    figures = {
        "peak_norm": float(norms[peak]),
        "usual_norm": usual,
        "threshold": limit,
        "peak_step": int(flow.steps[peak]),
    }
    return Finding(KIND, where, [], steps, message, figures)


def _known_norms(flow: FlowSeries) -> IntArray:
    """Where the norm of all gradients is known and not 0."""
    norms = _joint_norm(flow)
    return np.flatnonzero(np.isfinite(norms) & (norms > 0))


def _joint_norm(flow: FlowSeries) -> FloatArray:
    """(S,) the Euclidean norm of all gradients together; NaN where none is known."""
    if not flow.parameters:
        return np.full(len(flow.steps), np.nan)
    norms = np.stack([each.gradient_norm for each in flow.parameters]).astype(np.float64)
    joint = np.sqrt(np.nansum(norms**2, axis=0))
    return np.where(np.isfinite(norms).any(axis=0), joint, np.nan)

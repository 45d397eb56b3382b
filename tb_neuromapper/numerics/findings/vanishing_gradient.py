"""The gradient vanishes on its way to the first layers: they hardly learn.

Reference: Glorot and Bengio 2010, Understanding the difficulty of training deep feedforward neural networks, section 4.
"""

from __future__ import annotations

import numpy as np

from tb_neuromapper.numerics.findings.depth import weight_profile
from tb_neuromapper.numerics.findings.evidence import Evidence, Finding
from tb_neuromapper.numerics.findings.wording import format_number, format_steps, ranges

KIND = "vanishing_gradient"
MIN_SHARE = 0.2


def has_data(evidence: Evidence) -> bool:
    """Whether the gradients of enough layers are in the log."""
    profile = weight_profile(evidence.flow) if evidence.flow is not None else None
    return profile is not None and bool(np.isfinite(profile.ratio).any())


def reported_layers(evidence: Evidence) -> set[str]:
    """The names of the layers whose gradient has vanished, if there is a finding of that; else none."""
    profile = weight_profile(evidence.flow) if evidence.flow is not None else None
    if profile is None or not find(evidence):
        return set()
    limit = evidence.thresholds["vanishing_ratio"] * float(np.nanmedian(profile.last))
    return {name for name, values in zip(profile.layers, profile.values.T, strict=True) if np.nanmedian(values) < limit}


def find(evidence: Evidence) -> list[Finding]:
    """At most one finding: at a fifth of the records, the first layers' gradient per weight is far smaller."""
    profile = weight_profile(evidence.flow) if evidence.flow is not None else None
    if profile is None or evidence.flow is None:
        return []
    limit, ratio = evidence.thresholds["vanishing_ratio"], profile.ratio
    known = np.isfinite(ratio)
    is_small = known & (ratio < limit)
    if not known.any() or is_small.sum() < MIN_SHARE * known.sum():
        return []
    medians = [float(np.nanmedian(values)) if np.isfinite(values).any() else None for values in profile.values.T]
    median = float(np.median(ratio[is_small]))
    where = profile.layers[0]
    steps = ranges(evidence.flow.steps[known], is_small[known])
    less = f"{format_number(1 / median)} times smaller than" if median > 0 else "0, unlike"
    message = (
        f"The gradient vanishes on its way back: in the first layers (from {where}) its root mean square per weight "
        f"is {less} in the last ({profile.layers[-1]}), in the median over {format_steps(steps)}. The first layers "
        "hardly learn."
    )
    figures = {"median_ratio": median, "threshold": limit, "layers": profile.layers, "gradient_per_weight": medians}
    return [Finding(KIND, where, [], steps, message, figures)]

"""A layer that is trained but never gets a gradient: it is not in the graph, or everything after it is dead.

Reference: PyTorch's documentation of torch.autograd: parameters that the loss does not depend on keep grad None.
"""

from __future__ import annotations

import numpy as np

from tb_neuromapper.numerics.findings.evidence import Evidence, Finding, FlowSeries, ParameterSeries
from tb_neuromapper.numerics.findings.wording import format_count

KIND = "no_gradient"
MIN_RECORDS = 2


def has_data(evidence: Evidence) -> bool:
    """Whether gradients are in the log: where nothing at all has one, no backward pass was recorded."""
    flow = evidence.flow
    if flow is None or len(flow.steps) < MIN_RECORDS:
        return False
    return any((each.gradient_norm > 0).any() for each in flow.parameters)


def find(evidence: Evidence) -> list[Finding]:
    """One finding for each module that is not frozen and whose gradients were missing or 0 at every recorded step."""
    flow = evidence.flow
    if flow is None or not has_data(evidence):
        return []
    return [_finding(each, flow) for each in flow.parameters if not each.frozen and _has_none(each)]


def _has_none(each: ParameterSeries) -> bool:
    is_zero = ~(each.gradient_norm > 0)  # NaN: none came.
    return bool(is_zero.all() and not (each.n_nonfinite_gradient > 0).any())


def _finding(each: ParameterSeries, flow: FlowSeries) -> Finding:
    n_missing = int(np.isnan(each.gradient_norm).sum())
    is_called = each.name in {layer.name for layer in flow.layers}
    cause = "" if is_called else " It was never called, so the loss does not depend on it."
    kind = "got no gradient" if n_missing else "got a gradient of exactly 0"
    records = format_count(len(flow.steps), "recorded step")
    message = f"{each.name} {kind} at any of {records}, though it is not frozen.{cause}"
    figures = {"n_records": len(flow.steps), "n_missing": n_missing, "is_called": is_called}
    return Finding(KIND, each.name, [], [(int(flow.steps[0]), int(flow.steps[-1]))], message, figures)

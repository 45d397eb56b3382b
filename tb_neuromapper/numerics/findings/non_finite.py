"""The first value that is infinite or not a number, and where it arose.

Reference: IEEE 754 (what overflows and what has no value spreads to all that is computed from it).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tb_neuromapper.numerics.findings.evidence import Evidence, Finding, FlowSeries, LossSeries, ParameterSeries
from tb_neuromapper.numerics.findings.wording import format_count, format_steps, ranges

KIND = "non_finite"


def has_data(evidence: Evidence) -> bool:
    """Whether there is a gradient flow or a loss."""
    return evidence.flow is not None or bool(evidence.losses)


def find(evidence: Evidence) -> list[Finding]:
    """At most one finding of the network, and one of each loss that is not finite where the network's values are.

    Values spread forward through activations and backward through gradients. So at the first step with any, the first
    layer in forward order whose activations are not finite is where it began; if all activations are finite, the last
    layer in forward order whose gradients are not.
    """
    flow = evidence.flow
    found = _in_network(flow, evidence.thresholds["scaled_records"]) if flow is not None else None
    losses = [each for each in evidence.losses if not np.isfinite(each.values).all()]
    findings = [] if found is None else [_with_loss(found, losses)]
    if found is None:
        findings += [_of_loss(each) for each in losses]
    return findings


def first_record(flow: FlowSeries, n_scaled: float) -> int | None:
    """The first recorded step whose values are not finite, as an index; None if there is none.

    With a scaled loss an overflow is skipped and the scale lowered, so that it counts only where `n_scaled` records
    in a row have it, or the weights are no longer finite.
    """
    bad = _bad_records(flow)
    is_persistent = np.array([bad[at : at + int(n_scaled)].sum() >= n_scaled for at in range(len(bad))], dtype=bool)
    counts = bad & (~flow.is_scaled | is_persistent | (_total(flow, "n_nonfinite_weight") > 0))
    return int(np.argmax(counts)) if counts.any() else None


def _bad_records(flow: FlowSeries) -> npt.NDArray[np.bool_]:
    activations = np.zeros(len(flow.steps))
    for layer in flow.layers:
        activations += np.nan_to_num(layer.n_nonfinite)
    of_parameters = _total(flow, "n_nonfinite_gradient") + _total(flow, "n_nonfinite_weight")
    return np.asarray(activations + of_parameters > 0)


def _total(flow: FlowSeries, name: str) -> npt.NDArray[np.float64]:
    total = np.zeros(len(flow.steps))
    for each in flow.parameters:
        total += np.nan_to_num(getattr(each, name))
    return total


def _in_network(flow: FlowSeries, n_scaled: float) -> Finding | None:
    at = first_record(flow, n_scaled)
    if at is None:
        return None
    forward = next((layer.name for layer in flow.layers if layer.n_nonfinite[at] > 0), None)
    weights = [each.name for each in flow.parameters if each.n_nonfinite_weight[at] > 0]
    gradients = [each.name for each in _backward(flow) if each.n_nonfinite_gradient[at] > 0]
    step = int(flow.steps[at])
    before = int(flow.steps[at - 1]) if at else None
    what, where, why = _cause(forward, weights, gradients)
    since = "" if before is None else f" At step {before}, the recorded step before, all was finite."
    if weights and before is not None:
        since = f" The weights were spoilt between step {before}, when all was finite, and step {step}."
    message = f"Values that are infinite or not a number: first in the {what} of {where}, at step {step}.{why}{since}"
    figures = {"what": what, "first_step": step, "n_layers": len({*weights, *gradients} | ({forward} - {None}))}
    figures |= {"weights": weights, "gradients": gradients, "last_finite_step": before}
    return Finding(KIND, where, [], ranges(flow.steps, _bad_records(flow)), message, figures)


def _cause(forward: str | None, weights: list[str], gradients: list[str]) -> tuple[str, str, str]:
    """What was not finite, where, and what that says."""
    if forward is not None:
        why = " Its own weights are no longer finite." if forward in weights else " Its weights were still finite."
        return "activations", forward, why
    if gradients:
        return "gradients", gradients[0], " The activations were finite, so it came from the loss or from its slope."
    return "weights", weights[0], ""


def _backward(flow: FlowSeries) -> list[ParameterSeries]:
    """The parameters in the order in which a gradient reaches them; those that were never called at the end."""
    place = {layer.weights: index for index, layer in enumerate(flow.layers)}
    return sorted(flow.parameters, key=lambda each: -place.get(each.name, -1))


def _with_loss(finding: Finding, losses: list[LossSeries]) -> Finding:
    first = {each.tag: int(each.steps[~np.isfinite(each.values)][0]) for each in losses if each.is_training}
    if not first:
        return finding
    starts = ", ".join(f"{tag} from step {step}" for tag, step in first.items())
    message = f"{finding.message} The loss is not finite either: {starts}."
    return Finding(finding.kind, finding.where, [], finding.steps, message, {**finding.evidence, "losses": list(first)})


def _of_loss(each: LossSeries) -> Finding:
    bad = ~np.isfinite(each.values)
    found = ranges(each.steps, bad)
    message = (
        f"{each.tag} is infinite or not a number at {format_steps(found)} ({format_count(int(bad.sum()), 'value')} of "
        f"{len(bad):,}). No record of the gradient flow tells in which layer that began."
    )
    return Finding(KIND, each.tag, [], found, message, {"n_values": int(bad.sum()), "first_step": found[0][0]})

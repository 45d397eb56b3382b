"""Units whose output is almost nothing compared with the others of their layer.

Reference: Sokar, Agarwal, Castro and Evci 2023, The dormant neuron phenomenon in deep reinforcement learning, eq. 1.
"""

from __future__ import annotations

import numpy as np

from tb_neuromapper.numerics.findings.dead_units import reported_units
from tb_neuromapper.numerics.findings.evidence import Evidence, Finding, FloatArray
from tb_neuromapper.numerics.findings.units import are_recorded, known_records, persistent_units, too_many
from tb_neuromapper.numerics.findings.wording import format_count, format_number, format_units

KIND = "dormant_units"


def has_data(evidence: Evidence) -> bool:
    """Whether single units of a hidden layer are in the log."""
    return are_recorded(evidence.flow, hidden=True)


def find(evidence: Evidence) -> list[Finding]:
    """One finding for each hidden layer with enough tau-dormant units; units reported as dead are left out."""
    flow, tau = evidence.flow, evidence.thresholds["dormant_tau"]
    findings = []
    for layer in flow.layers if flow is not None else []:
        if flow is None or layer.activation is None or layer.is_output:
            continue
        scores = dormancy(layer.unit_activation)
        is_dormant = scores <= tau
        is_dormant[:, reported_units(layer, flow, evidence.thresholds)] = False
        found = persistent_units(is_dormant, known_records(scores), flow.unit_steps)
        n_units = scores.shape[1]
        if found is None or not too_many(len(found.units), n_units, evidence.thresholds["dormant_share"]):
            continue
        n, largest = len(found.units), float(scores[-1, found.units].max())
        message = (
            f"{format_units(n, n_units, layer.unit, layer.name)} are dormant: at the last "
            f"{format_count(found.n_records, 'recorded step')} their mean output was at most {format_number(tau)} of "
            f"the layer's mean (at the end at most {format_number(largest)}). The layer is smaller than it looks."
        )
        figures = {"n_dormant": n, "n_units": n_units, "share": n / n_units, "tau": tau, "largest_score": largest}
        findings.append(Finding(KIND, layer.name, found.units.tolist(), found.steps, message, figures))
    return findings


def dormancy(unit_activation: FloatArray) -> FloatArray:
    """The dormancy score of each unit: its mean abs(a) divided by the mean over its layer.

    Args:
        unit_activation: (R, U) mean abs(a).

    Returns:
        (R, U); NaN where the whole layer is 0 or not finite.
    """
    with np.errstate(all="ignore"):
        means = unit_activation.mean(axis=1, keepdims=True)
        return np.where(np.isfinite(means) & (means > 0), unit_activation / means, np.nan)

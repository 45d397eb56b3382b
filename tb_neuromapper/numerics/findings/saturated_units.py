"""Sigmoid and tanh units at their bounds, where their slope and so the gradient is almost 0.

Reference: Glorot and Bengio 2010, Understanding the difficulty of training deep feedforward neural networks, section 3.
"""

from __future__ import annotations

import numpy as np

from tb_neuromapper.numerics.findings.evidence import Evidence, Finding
from tb_neuromapper.numerics.findings.units import are_recorded, known_records, persistent_units, too_many
from tb_neuromapper.numerics.findings.wording import format_count, format_number, format_units

KIND = "saturated_units"


def has_data(evidence: Evidence) -> bool:
    """Whether single units of a hidden layer are in the log."""
    return are_recorded(evidence.flow, hidden=True)


def find(evidence: Evidence) -> list[Finding]:
    """One finding for each hidden layer with enough saturated units; output layers may saturate."""
    flow, limit = evidence.flow, evidence.thresholds["saturation"]
    findings = []
    for layer in flow.layers if flow is not None else []:
        if flow is None or layer.is_output or not np.isfinite(layer.unit_saturated).any():
            continue
        shares = layer.unit_saturated
        found = persistent_units(shares >= limit, known_records(shares), flow.unit_steps)
        n_units = shares.shape[1]
        if found is None or not too_many(len(found.units), n_units, evidence.thresholds["saturated_share"]):
            continue
        n = len(found.units)
        last = np.flatnonzero(known_records(shares))[-1]
        mean = float(shares[last, found.units].mean())
        message = (
            f"{format_units(n, n_units, layer.unit, layer.name)} are saturated: at the last "
            f"{format_count(found.n_records, 'recorded step')} at least {limit:.0%} of what each puts out was within "
            f"5 % of the bounds of {layer.activation} (at the end {format_number(100 * mean)} % on average). Its slope "
            "there is almost 0, so hardly any gradient comes through."
        )
        figures = {"n_saturated": n, "n_units": n_units, "share": n / n_units, "mean_saturation": mean}
        findings.append(Finding(KIND, layer.name, found.units.tolist(), found.steps, message, figures))
    return findings

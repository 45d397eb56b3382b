"""Units that output 0 for every input: behind a ReLU they get no gradient and never come back.

Reference: Lu, Shin, Su and Karniadakis 2020, Dying ReLU and initialization.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from tb_neuromapper.numerics.findings.evidence import Evidence, Finding, FlowSeries, LayerSeries, ProbeUnits
from tb_neuromapper.numerics.findings.units import (
    N_LAST_RECORDS,
    PersistentUnits,
    are_enough,
    are_recorded,
    known_records,
    persistent_units,
    too_many,
)
from tb_neuromapper.numerics.findings.wording import format_count, format_steps, format_units

KIND = "dead_units"
# In small batches a unit that answers to one sample in fifty is often 0 for all: so many values must be 0.
MIN_VALUES = 320


def has_data(evidence: Evidence) -> bool:
    """Whether single units of a layer or block are in the log."""
    blocks = any(are_enough(probe.largest, probe.smallest) for probe in evidence.probes)
    return blocks or are_recorded(evidence.flow)


def find(evidence: Evidence) -> list[Finding]:
    """One finding for each layer (or block) with too many dead units.

    A unit of a layer is dead if it output 0 for every sample and position of each of the last recorded batches, which
    together hold MIN_VALUES values of the unit or more; a unit of a block is dead if it output 0 for the whole probe.
    If a block shows the same units as a layer, the layer is reported, as it has seen more samples. Healthy networks
    lose some units during training but have hardly any that never worked, so that fewer of the latter are too many.
    """
    thresholds = evidence.thresholds
    blocks = [(probe, found) for probe in evidence.probes if (found := _dead_on_probe(probe)) is not None]
    findings = []
    flow = evidence.flow
    for layer in flow.layers if flow is not None else []:
        dead = dead_units(layer, flow) if flow is not None else None
        if dead is None:
            continue
        same = [pair for pair in blocks if _is_same_layer(layer, dead, *pair)]
        blocks = [(probe, found) for probe, found in blocks if not any(probe is other for other, _ in same)]
        if _is_reported(dead, layer.unit_zeros.shape[1], thresholds):
            findings.append(_of_layer(layer, dead, same[0][0] if same else None))
    findings += [_of_block(probe, dead) for probe, dead in blocks if _is_reported(dead, _width(probe), thresholds)]
    return findings


def reported_units(layer: LayerSeries, flow: FlowSeries, thresholds: Mapping[str, float]) -> npt.NDArray[np.intp]:
    """The indexes of a layer's dead units, if they are too many; else none."""
    dead = dead_units(layer, flow)
    is_reported = dead is not None and _is_reported(dead, layer.unit_zeros.shape[1], thresholds)
    return dead.units if dead is not None and is_reported else np.zeros(0, np.intp)


def dead_units(layer: LayerSeries, flow: FlowSeries) -> PersistentUnits | None:
    """The units of a layer that output only zeros until the end; None without an activation function or dead units."""
    if layer.activation is None:
        return None
    n_last = max(N_LAST_RECORDS, math.ceil(MIN_VALUES / layer.n_values)) if layer.n_values else N_LAST_RECORDS
    return persistent_units(layer.unit_zeros >= 1, known_records(layer.unit_zeros), flow.unit_steps, n_last)


def _is_reported(dead: PersistentUnits, n_units: int, thresholds: Mapping[str, float]) -> bool:
    of_all = too_many(len(dead.units), n_units, thresholds["dead_share"])
    return of_all or too_many(dead.n_always, n_units, thresholds["always_dead_share"])


def _dead_on_probe(probe: ProbeUnits) -> PersistentUnits | None:
    """Of a block whose outputs are never negative, the units that are 0 for all samples until the end."""
    known = known_records(probe.largest, probe.smallest)
    is_rectified = known.any() and (probe.smallest[known] >= 0).all() and (probe.largest[known] > 0).any()
    return persistent_units(probe.largest == 0, known, probe.steps) if is_rectified else None


def _is_same_layer(layer: LayerSeries, dead: PersistentUnits, probe: ProbeUnits, on_probe: PersistentUnits) -> bool:
    """Whether a block has as many units as a layer, and most of those that either has dead are dead in both."""
    n_same = len(np.intersect1d(dead.units, on_probe.units))
    return _width(probe) == layer.unit_zeros.shape[1] and 2 * n_same > min(len(dead.units), len(on_probe.units))


def _width(probe: ProbeUnits) -> int:
    return int(probe.largest.shape[1])


def _of_layer(layer: LayerSeries, dead: PersistentUnits, block: ProbeUnits | None) -> Finding:
    n, n_units = len(dead.units), layer.unit_zeros.shape[1]
    always = f"; {dead.n_always:,} of them did so at every recorded step" if 0 < dead.n_always < n else ""
    also = f" So they did on all {format_count(block.n_samples, 'sample')} of the probe." if block is not None else ""
    message = (
        f"{format_units(n, n_units, layer.unit, layer.name)} put out 0 for every sample of the last "
        f"{format_count(dead.n_records, 'recorded step')}{always}.{also} "
        f"Where {layer.activation} puts out 0 for all samples, no gradient comes through, so they cannot learn."
    )
    figures = {
        "n_dead": n,
        "n_units": n_units,
        "share": n / n_units,
        "n_records": dead.n_records,
        "n_always_dead": dead.n_always,
    }
    if block is not None:
        figures |= {"block": block.block, "n_probe_samples": block.n_samples}
    return Finding(KIND, layer.name, dead.units.tolist(), dead.steps, message, figures)


def _of_block(probe: ProbeUnits, dead: PersistentUnits) -> Finding:
    n, n_units = len(dead.units), _width(probe)
    message = (
        f"{format_units(n, n_units, 'unit', f'block {probe.block}')} put out 0 for all "
        f"{format_count(probe.n_samples, 'sample')} of the probe at {format_steps(dead.steps)}."
    )
    figures = {"n_dead": n, "n_units": n_units, "share": n / n_units, "n_probe_samples": probe.n_samples}
    return Finding(KIND, probe.block, dead.units.tolist(), dead.steps, message, figures)

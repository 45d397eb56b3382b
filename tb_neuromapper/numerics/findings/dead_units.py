"""Units that put out 0 whatever comes in: behind a ReLU they get no gradient and never come back.

Reference: Lu, Shin, Su and Karniadakis 2020, Dying ReLU and initialization; He et al. 2015, Delving deep into rectifiers.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tb_neuromapper.numerics.findings.types import Evidence, FlowSeries, Finding, LayerSeries, ProbeUnits
from tb_neuromapper.numerics.findings.units import N_LAST_RECORDS, Lasting, enough, known_records, lasting
from tb_neuromapper.numerics.findings.words import in_words, of_units, times

KIND = "dead_units"


def find(evidence: Evidence) -> list[Finding]:
    """One finding a layer (or block) with enough dead units.

    A unit of a layer is dead if it put out 0 for every sample and position of each of the last recorded batches; a unit
    of a block, if it did for the whole probe. A block that says the same as a layer adds to that layer's evidence.
    """
    min_share = evidence.thresholds["min_unit_share"]
    blocks = [(probe, found) for probe in evidence.probes if (found := _dead_on_probe(probe)) is not None]
    findings = []
    flow = evidence.flow
    for layer in flow.layers if flow is not None else []:
        dead = dead_units(layer, flow) if flow is not None else None
        if dead is not None and enough(len(dead.units), layer.unit_zeros.shape[1], min_share):
            twin = next((pair for pair in blocks if _is_twin(layer, dead, *pair)), None)
            blocks = [pair for pair in blocks if pair is not twin]
            findings.append(_of_layer(layer, dead, twin[0] if twin is not None else None))
    findings += [_of_block(probe, dead) for probe, dead in blocks if enough(len(dead.units), _width(probe), min_share)]
    return findings


def dead_units(layer: LayerSeries, flow: FlowSeries) -> Lasting | None:
    """The units of a layer with an activation function that put out only zeros until the end."""
    if layer.activation is None:
        return None
    return lasting(layer.unit_zeros >= 1, known_records(layer.unit_zeros), flow.unit_steps)


def _dead_on_probe(probe: ProbeUnits) -> Lasting | None:
    """Of a block that never puts out anything negative, the units that are 0 for all samples until the end."""
    known = known_records(probe.largest, probe.smallest)
    is_rectified = known.any() and (probe.smallest[known] >= 0).all() and (probe.largest[known] > 0).any()
    return lasting(probe.largest == 0, known, probe.steps) if is_rectified else None


def _is_twin(layer: LayerSeries, dead: Lasting, probe: ProbeUnits, on_probe: Lasting) -> bool:
    same: npt.NDArray[np.intp] = np.intersect1d(dead.units, on_probe.units)
    return _width(probe) == layer.unit_zeros.shape[1] and 2 * len(same) > max(len(dead.units), len(on_probe.units))


def _width(probe: ProbeUnits) -> int:
    return probe.largest.shape[1]


def _of_layer(layer: LayerSeries, dead: Lasting, twin: ProbeUnits | None) -> Finding:
    n, n_units = len(dead.units), layer.unit_zeros.shape[1]
    also = f" So they did on all {times(twin.n_samples, 'sample')} of the probe." if twin is not None else ""
    message = (
        f"{of_units(n, n_units, layer.unit, layer.name)} put out 0 for every sample of the last "
        f"{times(dead.n_records, 'recorded batch').replace('batchs', 'batches')}.{also} "
        f"Where {layer.activation} puts out 0 for all samples, no gradient comes through, so they cannot learn."
    )
    figures = {"n_dead": n, "n_units": n_units, "share": n / n_units, "n_records": dead.n_records}
    if twin is not None:
        figures |= {"block": twin.block, "n_probe_samples": twin.n_samples}
    return Finding(KIND, layer.name, dead.units.tolist(), dead.steps, message, figures)


def _of_block(probe: ProbeUnits, dead: Lasting) -> Finding:
    n, n_units = len(dead.units), _width(probe)
    message = (
        f"{of_units(n, n_units, 'unit', f'block {probe.block}')} put out 0 for all "
        f"{times(probe.n_samples, 'sample')} of the probe at {in_words(dead.steps)}."
    )
    figures = {"n_dead": n, "n_units": n_units, "share": n / n_units, "n_probe_samples": probe.n_samples}
    return Finding(KIND, probe.block, dead.units.tolist(), dead.steps, message, figures)


__all__ = ["KIND", "N_LAST_RECORDS", "dead_units", "find"]

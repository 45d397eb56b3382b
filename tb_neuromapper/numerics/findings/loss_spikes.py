"""The loss jumps up and, mostly, comes down again: a poisoned batch, or a step too far; and the layer where it began.

Reference: Iglewicz and Hoaglin 1993, How to detect and handle outliers (the modified z-score), here against the values
before; Chowdhery et al. 2022, PaLM, section 5.1 (loss spikes).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tb_neuromapper.numerics.findings.types import Evidence, Finding, FloatArray, FlowSeries, IntArray, LossSeries
from tb_neuromapper.numerics.findings.words import figure, in_words, times

KIND = "loss_spike"
N_BEFORE = 50
MIN_BEFORE = 8
# Of the range that the loss has come down through: what is less than this is noise, however quiet it was before.
NOISE_SHARE = 0.1
# Losses of small batches have long tails: the largest value before counts as this share of a spread.
TAIL_SHARE = 0.5
# A layer's norm changes by a factor; factors below e^0.1 are no rise.
LAYER_NOISE = 0.1
LAYER_Z = 3.5


@dataclass(frozen=True)
class Spike:
    """One rise of the loss.

    Attributes:
        first, last: Steps.
        peak: The largest value.
        before: The median of the values before.
        score: The modified z-score of the peak.
    """

    first: int
    last: int
    peak: float
    before: float
    score: float


@dataclass(frozen=True)
class Origin:
    """The layer that rose first.

    Attributes:
        layer: Its name; "" if no record is near enough, or none rose.
        measure: "gradient norm" or "update".
        step: The recorded step.
        factor: How many times its usual value.
    """

    layer: str = ""
    measure: str = ""
    step: int | None = None
    factor: float = 1.0


def has_data(evidence: Evidence) -> bool:
    """Whether a loss has enough values to compare with."""
    return any(int(np.isfinite(loss.values).sum()) > MIN_BEFORE for loss in evidence.losses)


def find(evidence: Evidence) -> list[Finding]:
    """One finding a loss that has spikes."""
    findings = []
    for loss in evidence.losses:
        flow = evidence.flow if loss.is_training else None
        spikes = find_spikes(loss.steps, loss.values, evidence.thresholds["spike_score"])
        if spikes:
            origins = [find_origin(flow, spike) if flow is not None else Origin() for spike in spikes]
            findings.append(_finding(loss, spikes, origins))
    return findings


def find_spikes(steps: IntArray, values: FloatArray, threshold: float) -> list[Spike]:
    """Stretches in which a loss stands far above the values before it.

    The score of a value is 0.6745 (value - median) / spread of the N_BEFORE values before the stretch. The spread is
    their MAD, or more: 0.6745 times TAIL_SHARE of what their largest stands above the median, and 0.6745 times
    NOISE_SHARE of the range between the 5th and the 95th percentile of the whole series.

    Args:
        steps: (m,) ascending.
        values: (m,); what is not finite is left out.
        threshold: The score above which a value is in a spike.
    """
    known = np.isfinite(values)
    steps, values = steps[known], values[known].astype(np.float64)
    if len(values) <= MIN_BEFORE:
        return []
    noise = NOISE_SHARE * float(np.subtract(*np.quantile(values, [0.95, 0.05])))
    spikes = []
    calm: list[float] = []
    at = 0
    while at < len(values):
        before = np.array(calm[-N_BEFORE:])
        least = 0.6745 * max(noise, TAIL_SHARE * _excess(before)) if len(before) else 0.0
        score = _score(values[at], before, least) if len(before) >= MIN_BEFORE else 0.0
        if score <= threshold:
            calm.append(float(values[at]))
            at += 1
            continue
        end = at + 1
        while end < len(values) and end - at < N_BEFORE and _score(values[end], before, least) > threshold:
            end += 1
        peak = at + int(np.argmax(values[at:end]))
        top = float(values[peak])
        spikes.append(
            Spike(int(steps[at]), int(steps[end - 1]), top, float(np.median(before)), _score(top, before, least))
        )
        if end - at >= N_BEFORE:
            calm = [float(value) for value in values[at:end]]  # It has stayed there: that is usual now.
        at = end
    return spikes


def find_origin(flow: FlowSeries, spike: Spike) -> Origin:
    """The layer whose gradient norm or update ratio rose first, at the last records before and at the spike.

    Of the layers that rose at the same record, the one that rose most counts.
    """
    start, end = (int(at) for at in np.searchsorted(flow.steps, [spike.first, spike.last + 1]))
    # A rise may show at the record before; more than that before is not this spike.
    first = max(0, start - 1) if start == end or flow.steps[start] > spike.first else start
    for at in range(first, min(end + 1, len(flow.steps))):
        rises = [
            (score, Origin(each.name, measure, int(flow.steps[at]), factor))
            for each in flow.parameters
            for measure, values in (("gradient norm", each.gradient_norm), ("update", each.update_ratio))
            for score, factor in [_rise(values, at)]
            if score > LAYER_Z
        ]
        if rises:
            return max(rises, key=lambda rise: float(rise[0]))[1]
    return Origin()


def _rise(values: FloatArray, at: int) -> tuple[float, float]:
    """The modified z-score of log(value) against the records before, and the value's ratio to their median."""
    before = values[max(0, at - N_BEFORE) : at]
    before = np.log(before[np.isfinite(before) & (before > 0)])
    if len(before) < 3 or not (np.isfinite(values[at]) and values[at] > 0):
        return 0.0, 1.0
    now, usual = float(np.log(values[at])), float(np.median(before))
    return _score(now, before, LAYER_NOISE), math.exp(min(now - usual, 700.0))


def _excess(values: FloatArray) -> float:
    """How far the largest stands above the median."""
    return float(values.max() - np.median(values))


def _score(value: float, before: FloatArray, least_spread: float) -> float:
    median = float(np.median(before))
    spread = max(float(np.median(np.abs(before - median))), least_spread, 1e-12)
    return 0.6745 * (value - median) / spread


def _finding(loss: LossSeries, spikes: list[Spike], origins: list[Origin]) -> Finding:
    """It is told of the highest spike whose origin is known, or else of the highest."""
    pairs = list(zip(spikes, origins, strict=True))
    worst, origin = max(pairs, key=lambda pair: (pair[1].layer != "", pair[0].score))
    steps = [(spike.first, spike.last) for spike in spikes]
    if origin.layer:
        began = (
            f" It began in {origin.layer}, whose {origin.measure} was {figure(origin.factor)} times the usual at step "
            f"{origin.step}."
        )
    else:
        began = " No record of the gradient flow near it tells in which layer it began."
    message = (
        f"{loss.tag} jumps up {times(len(spikes), 'time')} ({in_words(steps)}), at step {worst.first} from "
        f"{figure(worst.before)} to {figure(worst.peak)}.{began}"
    )
    figures = {"tag": loss.tag, "peak": worst.peak, "before": worst.before, "score": worst.score}
    figures |= {"layer": origin.layer, "layer_step": origin.step, "layer_factor": origin.factor}
    figures["layers"] = [each.layer for each in origins]
    return Finding(KIND, origin.layer or loss.tag, [], steps, message, figures)

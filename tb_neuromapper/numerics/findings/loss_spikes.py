"""The loss jumps up and, mostly, comes down again: a poisoned batch, or a step too far.

Reference: Iglewicz and Hoaglin 1993, How to detect and handle outliers (the modified z-score), here against the values
before; Chowdhery et al. 2022, PaLM, section 5.1 (loss spikes).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

import numpy as np

from tb_neuromapper.numerics.findings.evidence import Evidence, Finding, FloatArray, IntArray, LossSeries
from tb_neuromapper.numerics.findings.spike_origin import Origin, find_origin
from tb_neuromapper.numerics.findings.wording import format_number, format_steps

KIND = "loss_spike"
N_BEFORE = 50
MIN_BEFORE = 5
# A loss that falls is compared with its last values alone.
N_LEVEL = 5
# Of what the loss has come down by: what is less than this is noise, however quiet it was before.
NOISE_SHARE = 0.07
# A loss that never came down moves, too.
LEVEL_SHARE = 0.01
# Losses of small batches have long tails: the largest rise before counts as this share of a spread.
TAIL_SHARE = 0.5
# A loss that falls fast and then slowly deviates without noise.
SLOPE_SHARE = 0.5
# Noise does not last: of so many values in a row, half the score is enough.
N_PERSISTENT = 3


@dataclass(frozen=True)
class Spike:
    """One spike of the loss.

    Attributes:
        first: Its first step.
        last: Its last step.
        peak: The largest value in it.
        before: The median of the N_LEVEL values before it.
        score: The modified z-score of the peak.
    """

    first: int
    last: int
    peak: float
    before: float
    score: float


def has_data(evidence: Evidence) -> bool:
    """Whether a loss has enough values to compare with."""
    return any(int(np.isfinite(loss.values).sum()) > MIN_BEFORE for loss in evidence.losses)


def find(evidence: Evidence) -> list[Finding]:
    """One finding for each loss that has spikes."""
    findings = []
    for loss in evidence.losses:
        flow = evidence.flow if loss.is_training else None
        spikes = find_spikes(loss.steps, loss.values, evidence.thresholds["spike_score"])
        if spikes:
            origins = [find_origin(flow, spike.first, spike.last) if flow is not None else Origin() for spike in spikes]
            findings.append(_finding(loss, spikes, origins))
    return findings


def find_spikes(steps: IntArray, values: FloatArray, threshold: float) -> list[Spike]:
    """Stretches in which a loss stands far above the values before it.

    The rise of a value is its height above the median of the N_LEVEL values before it. Its score is 0.6745 rise /
    spread. The spread is the upper quartile of the N_BEFORE rises before the stretch; the N_PERSISTENT right before it
    do not count, because they may lead up to it. Where the loss neither rises nor falls, that is their MAD. The spread
    is at least SLOPE_SHARE of their MAD, 0.6745 times TAIL_SHARE of the largest of them, and 0.6745 times the largest
    of LEVEL_SHARE of the level, NOISE_SHARE of what the loss has come down by so far, and NOISE_SHARE of half the range
    between the 5th and the 95th percentile of all values. A stretch of N_PERSISTENT values or more is a spike from half
    the threshold on.

    Args:
        steps: (m,) ascending.
        values: (m,); values that are not finite are left out.
        threshold: The score above which a single value is a spike.

    Returns:
        The spikes in the order of their steps.
    """
    known = np.isfinite(values)
    steps, found = steps[known], values[known].astype(np.float64).tolist()
    if len(found) <= MIN_BEFORE:
        return []
    noise = NOISE_SHARE * float(np.subtract(*np.quantile(found, [0.95, 0.05]))) / 2
    spikes: list[Spike] = []
    calm = _Calm()
    at = last_end = 0
    while at < len(found):
        usual = calm.usual(noise) if calm.is_long else None
        at_spike, end = _stretch(found, at, usual, threshold) if usual is not None else (at, at)
        if usual is None or end == at:
            calm.add(found[at])
            at += 1
            continue
        top = max(found[at_spike:end])
        spike = Spike(int(steps[at_spike]), int(steps[end - 1]), top, usual.level, usual.score(top))
        # A loss that comes down unevenly has spiked once.
        is_same = bool(spikes) and at - last_end < N_LEVEL
        spikes[len(spikes) - is_same :] = [_joined(spikes[-1], spike) if is_same else spike]
        if end - at >= N_BEFORE:
            calm = _Calm(found[at:end])  # It has stayed there: that is usual now.
        at = last_end = end
    return spikes


def _joined(earlier: Spike, later: Spike) -> Spike:
    top = max(earlier, later, key=lambda spike: spike.peak)
    return Spike(earlier.first, later.last, top.peak, earlier.before, top.score)


def _stretch(values: list[float], at: int, usual: _Usual, threshold: float) -> tuple[int, int]:
    """Where the spike of the value `at` begins and ends; both are `at` if it belongs to none."""

    def end_of_stretch(limit: float) -> int:
        end = at
        while end < len(values) and end - at < N_BEFORE and usual.score(values[end]) > limit:
            end += 1
        return end

    end = end_of_stretch(threshold / 2)
    if end - at < N_PERSISTENT:
        return at, end_of_stretch(threshold)
    # What only leads up to a higher score is not yet the spike.
    high = (index for index in range(at, at + N_PERSISTENT) if usual.score(values[index]) > threshold)
    return next(high, at), end


@dataclass(frozen=True)
class _Usual:
    """The level of the loss before a value, and the usual spread of values above it."""

    level: float
    spread: float

    def score(self, value: float) -> float:
        return 0.6745 * (value - self.level) / self.spread


class _Calm:
    """The values outside spikes so far, and the rise of each above those before it."""

    def __init__(self, values: Iterable[float] = ()) -> None:
        self._values: list[float] = []
        self._rises: list[float] = []
        for value in values:
            self.add(value)

    @property
    def is_long(self) -> bool:
        return len(self._values) >= MIN_BEFORE

    @property
    def level(self) -> float:
        return median(self._values[-N_LEVEL:])

    def add(self, value: float) -> None:
        if self._values:
            self._rises.append(value - self.level)
        self._values.append(value)

    def usual(self, noise: float) -> _Usual:
        # The last ones may lead up to a spike, and would hide it.
        settled = self._rises[:-N_PERSISTENT] if len(self._rises) > MIN_BEFORE + N_PERSISTENT else self._rises
        rises = sorted(settled[-N_BEFORE:])
        middle = median(rises)
        deviation = median(abs(rise - middle) for rise in rises)
        quartile = rises[3 * len(rises) // 4]
        level = self.level
        descent = median(self._values[:N_LEVEL]) - level
        least = 0.6745 * max(noise, NOISE_SHARE * descent, LEVEL_SHARE * abs(level), TAIL_SHARE * rises[-1], 1e-12)
        return _Usual(level, max(quartile, SLOPE_SHARE * deviation, least))


def _finding(loss: LossSeries, spikes: list[Spike], origins: list[Origin]) -> Finding:
    """The finding describes the highest spike whose origin is known, or else the highest."""
    pairs = list(zip(spikes, origins, strict=True))
    worst, origin = max(pairs, key=lambda pair: (pair[1].step is not None, pair[0].score))
    steps = [(spike.first, spike.last) for spike in spikes]
    often = "once" if len(spikes) == 1 else f"{len(spikes):,} times"
    message = (
        f"{loss.tag} jumps up {often} ({format_steps(steps)}), at step {worst.first} from "
        f"{format_number(worst.before)} to {format_number(worst.peak)}. {origin.message}"
    )
    figures = {"tag": loss.tag, "peak": worst.peak, "before": worst.before, "score": worst.score}
    figures |= {"layer": origin.layer, "layer_step": origin.step, "layer_factor": origin.factor}
    figures["layer_measure"] = origin.measure
    figures["layers"] = [each.layer for each in origins]
    return Finding(KIND, origin.layer or loss.tag, [], steps, message, figures)

"""Numbers, counts and steps as the rules' messages write them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tb_neuromapper.numerics.findings.evidence import IntArray, StepRange

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def format_number(value: float) -> str:
    """A number with two significant digits: 0.034, 120, 110,000, 3.1·10⁻⁶."""
    size = abs(value)
    if size == 0 or not math.isfinite(value) or 1e-4 <= size < 100:
        return f"{value:.2g}"
    if 100 <= size < 1e5:
        return f"{value:,.0f}"
    digits, exponent = f"{value:.1e}".split("e")
    if 1e5 <= size < 1e6:
        return f"{float(digits) * 1e5:,.0f}"
    return f"{digits}·10{str(int(exponent)).translate(_SUPERSCRIPTS)}"


def format_count(n: int, noun: str) -> str:
    """A number of things: "1 step", "3 steps"."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def format_units(n: int, n_units: int, unit: str, layer: str) -> str:
    """How many of a layer's units: "3 of the 64 neurons of fc1"."""
    return f"{n:,} of the {format_count(n_units, unit)} of {layer}"


def ranges(steps: IntArray, flags: npt.NDArray[np.bool_]) -> list[StepRange]:
    """First and last step of each unbroken stretch of set flags.

    Args:
        steps: (S,) ascending.
        flags: (S,), one for each step.
    """
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    return [(int(steps[first]), int(steps[last - 1])) for first, last in zip(edges[::2], edges[1::2], strict=True)]


def format_steps(found: Sequence[StepRange]) -> str:
    """Ranges of steps as text: "step 3", "steps 0 to 40 and 60"; of more than four the first three."""
    parts = [str(first) if first == last else f"{first} to {last}" for first, last in found]
    if len(parts) > 4:
        parts = [*parts[:3], f"{len(parts) - 3} more stretches"]
    is_one = len(found) == 1 and found[0][0] == found[0][1]
    text = " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
    return f"{'step' if is_one else 'steps'} {text}"

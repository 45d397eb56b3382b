"""What the gradients screen shows over steps, made once of each step and kept beside what was read of it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tb_neuromapper.backend.gradients.view import StepSummary, magnitude_ends, summarize
from tb_neuromapper.backend.log.gradient_steps import GradientSteps
from tb_neuromapper.backend.log.run_log import RunLog

_SUMMARY = "summary"
_ENDS = "ends"


def summary(steps: GradientSteps, log: RunLog, step: int) -> StepSummary | None:
    """A step's column of the overview; None, with a problem noted, if it cannot be read."""

    def load() -> StepSummary:
        layers, units = steps.read_units(log, step)
        return summarize(layers, units, steps.parameters(log, step))

    return steps.keep(log, step, _SUMMARY, load, lambda value: value.measures.nbytes)


def has_summary(steps: GradientSteps, log: RunLog, step: int) -> bool:
    """Whether a step's column of the overview needs no reading."""
    return steps.holds(log, step, _SUMMARY)


def ends(steps: GradientSteps, log: RunLog, step: int) -> npt.NDArray[np.float64] | None:
    """`magnitude_ends` of a step; None, with a problem noted, if it cannot be read."""
    return steps.keep(log, step, _ENDS, lambda: magnitude_ends(steps.flow(log, step)), lambda _: 0)

"""Counts training steps, and has one in so many of them recorded."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from torch import Tensor

from tb_neuromapper.training.gradients.recorder import GradientRecorder

# From here on, not every integer is a JSON number that every reader keeps exactly.
_MAX_STEP = 2**53


class RecordingSchedule:
    """Which training steps are recorded, and under which numbers.

    Args:
        recorder: Records single steps; None if none is recorded here.
        every: Calls from one recorded step to the next; the first is recorded.

    Attributes:
        next_step: The number of the coming step, which is how many training steps there have been if they were counted
            from 0.
    """

    def __init__(self, recorder: GradientRecorder | None, every: int) -> None:
        self.next_step = 0
        self._offset = 0
        self._has_warned = False
        self._every, self._recorder = every, recorder
        self._is_armed = recorder is not None
        # Calls until something is to be done; never 0 where nothing ever is.
        self._countdown = 1 if recorder is not None else 0
        if recorder is not None:
            recorder.arm()

    def count(self, step: int | None, loss: Any, epoch: int | None) -> None:
        """One step has ended.

        Args:
            step: Its number, or None for the next one.
            loss: A number, a tensor with one, or None.
            epoch: The last epoch that was logged.

        Raises:
            ValueError: `step` or `loss` is something else.
        """
        number = self.next_step if step is None else self._number(step)
        if loss is not None:
            _check_loss(loss)
        self.next_step = number + 1
        self._countdown -= 1
        if self._countdown == 0 and self._recorder is not None:
            self._act(self._recorder, number, loss, epoch)

    def _act(self, recorder: GradientRecorder, number: int, loss: Any, epoch: int | None) -> None:
        """Record the step that has ended, if it was followed, and follow the next, if its turn has come."""
        if self._is_armed:
            self._is_armed = False
            self._countdown = self._every - 1
            recorder.record(number, loss, epoch)
        if not self._is_armed and self._countdown <= 0:
            self._is_armed, self._countdown = True, 1
            recorder.arm()

    def _number(self, step: Any) -> int:
        if isinstance(step, bool) or not isinstance(step, (int, np.integer)) or not 0 <= step < _MAX_STEP:
            raise ValueError(f"step is {step!r}; only an integer of 0 or more and below 2 ** 53 is allowed.")
        number = int(step)
        if number >= self.next_step:
            self._offset = 0
            return number
        if number + self._offset == self.next_step - 1:
            self._warn_once(
                f"step(step={step}) was given twice; of a step that is recorded twice the newer one is shown."
            )
            return self.next_step - 1
        if number + self._offset < self.next_step:
            self._offset = self.next_step - number
            self._warn_once(
                f"step(step={step}) came after step {self.next_step - 1} and is counted on as step {self.next_step}, "
                "so that no record is lost. Give numbers that go on over the whole run, or none."
            )
        return number + self._offset

    def _warn_once(self, message: str) -> None:
        if not self._has_warned:
            self._has_warned = True
            warnings.warn(message, UserWarning, stacklevel=5)


def _check_loss(loss: Any) -> None:
    if isinstance(loss, Tensor) and loss.numel() == 1 and not loss.is_complex():
        return
    if isinstance(loss, (int, float, np.floating, np.integer)) and not isinstance(loss, bool):
        return
    came = f"a tensor of shape {tuple(loss.shape)}" if isinstance(loss, Tensor) else f"a {type(loss).__name__}"
    raise ValueError(f"loss is {came}; give a number or a tensor with one value, for example loss=loss.mean().")

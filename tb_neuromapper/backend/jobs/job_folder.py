"""The folder through which a running job and TensorBoard talk.

Progress and intermediate layouts come out of it, a request to cancel goes into it. There are only files in it, so the
two may be on different machines that share a file system.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tb_neuromapper.backend.cache import FloatArray, store_array, write_atomically

_SECONDS_BETWEEN_REPORTS = 0.25


class JobCancelled(Exception):
    """A job has ended because it was asked to."""


@dataclass(frozen=True)
class JobState:
    """What a running job reports.

    Attributes:
        progress: 0 to 1.
        message: What is being done, as a sentence.
        version: Grows with every intermediate layout; 0 before the first.
        steps: The steps of the intermediate layout, in the rows of its file.
    """

    progress: float
    message: str
    version: int = 0
    steps: tuple[int, ...] = ()


def read_job_state(folder: Path) -> JobState | None:
    """What the job in this folder reported last, or None before its first report."""
    try:
        values = json.loads((folder / "state.json").read_bytes())
    except (OSError, ValueError):
        return None
    return JobState(values["progress"], values["message"], values["version"], tuple(values["steps"]))


def request_cancel(folder: Path) -> None:
    """Ask the job in this folder to stop."""
    (folder / "cancel").touch()


def live_positions(folder: Path, version: int) -> FloatArray:
    """float32 (T, n, 2) of an intermediate layout, mapped from its file.

    Raises:
        OSError: A newer layout has replaced it.
    """
    positions: FloatArray = np.load(_positions_path(folder, version), mmap_mode="r")
    return positions


class Reporter:
    """The job's end: writes progress and intermediate layouts, and notices a request to cancel.

    Args:
        folder: The job's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._version = 0
        self._steps: tuple[int, ...] = ()
        self._reported_s = 0.0

    def should_stop(self) -> bool:
        """Whether the job is to be cancelled."""
        return (self._folder / "cancel").exists()

    def report(self, progress: float, message: str) -> None:
        """Report progress, from 0 to 1, and what is being done.

        Raises:
            JobCancelled: The job is to be cancelled.
        """
        if self.should_stop():
            raise JobCancelled
        state = JobState(progress, message, self._version, self._steps)
        write_atomically(self._folder / "state.json", json.dumps(vars(state)).encode())

    def report_layout(
        self, progress: float, message: str, steps: Sequence[int], positions: Sequence[FloatArray]
    ) -> None:
        """Report an intermediate layout, unless the last one was a moment ago.

        Args:
            progress: 0 to 1.
            message: What is being done.
            steps: The T steps, ascending.
            positions: T arrays (n, 2).

        Raises:
            JobCancelled: The job is to be cancelled.
        """
        now_s = time.monotonic()
        if now_s - self._reported_s < _SECONDS_BETWEEN_REPORTS:
            return
        self._reported_s = now_s
        self._version += 1
        self._steps = tuple(steps)
        store_array(_positions_path(self._folder, self._version), np.stack(positions))
        self.report(progress, message)
        with contextlib.suppress(PermissionError):  # On Windows a reader may still have it mapped.
            _positions_path(self._folder, self._version - 2).unlink(missing_ok=True)


def _positions_path(folder: Path, version: int) -> Path:
    return folder / f"positions-{version}.npy"

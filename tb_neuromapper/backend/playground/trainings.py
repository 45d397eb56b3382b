"""Trainings that the page starts: each in a process of its own, bounded in number, time and memory.

The process gets one argument, made of validated parameters; no shell is involved. It ends when its standard input
closes: when it is to stop, and when TensorBoard ends, however that happens. What it logged stays, as an ordinary run.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tb_neuromapper.backend.jobs.local_worker import python_environment
from tb_neuromapper.playground.data_sets import missing
from tb_neuromapper.playground.folders import claim_run_folder
from tb_neuromapper.playground.limits import Limits
from tb_neuromapper.playground.parameters import TrainingParameters, as_command, run_name
from tb_neuromapper.playground.request import TrainingRequest

MAX_RUNNING = 2
_MAX_KEPT = 50
_MAX_LINE_BYTES = 1 << 16
# Beyond the child's own deadlines: it takes some seconds to start, and 20 s to end.
_PATIENCE_S = 90.0
_TRAIN = (
    "import sys; sys.path[:] = filter(None, sys.path); "  # As in jobs.py.
    "from tb_neuromapper.playground.process import main; main(sys.argv[1])"
)


class CannotTrainError(Exception):
    """Why no training can be started, and what to do."""


@dataclass
class Training:
    """One training and what is known of it.

    Attributes:
        id: Unique in this TensorBoard.
        run: The run's name, as TensorBoard shows it.
        parameters: What is trained, and how.
        folder: The run's folder.
        process: The process that trains.
        reported: Its last progress (`trainer.Progress`); that it has ended, only once its process has.
        is_stopping: It has been asked to stop.
        is_over: Its process has ended.
    """

    id: str
    run: str
    parameters: TrainingParameters
    folder: Path
    process: subprocess.Popen[bytes]
    reported: dict[str, Any] = field(default_factory=lambda: {"state": "starting", "message": "starting", "share": 0.0})
    is_stopping: bool = False
    is_over: bool = False

    def described(self) -> dict[str, Any]:
        """The training as docs/http_api.md describes it."""
        return {
            "id": self.id,
            "run": self.run,
            "state": self.reported["state"],
            "message": "stopping" if self.is_stopping and not self.is_over else self.reported["message"],
            "progress": self.reported.get("share", 0.0),
            "epoch": self.reported.get("epoch", 0),
            "n_epochs": self.parameters.n_epochs,
            "parameters": self.parameters.as_dict(),
            "command": as_command(self.parameters),
        }


class Trainings:
    """Starts, lists and stops trainings.

    Args:
        log_dir: Where runs are written; None if TensorBoard has no single local log directory.
        data_folder: Where MNIST's files are.
        limits: Bounds of each training.
    """

    def __init__(self, log_dir: Path | None, data_folder: Path, limits: Limits | None = None) -> None:
        self._log_dir = log_dir
        self.data_folder = data_folder
        self.limits = limits or Limits()
        self._trainings: dict[str, Training] = {}
        self._n_started = 0
        self._lock = threading.Lock()
        self._is_closed = False

    def why_not(self) -> str:
        """Why nothing can be trained here, and what to do; "" if it can."""
        if importlib.util.find_spec("torch") is None:
            return "training needs torch, which is not installed: pip install 'tb-neuromapper[demo]'."
        if self._log_dir is None:
            return (
                "a run can only be written into one log directory on this machine; start TensorBoard with --logdir "
                "and a local folder."
            )
        existing = next(folder for folder in (self._log_dir, *self._log_dir.parents) if folder.exists())
        if not existing.is_dir() or not os.access(existing, os.W_OK):
            return (
                f"no run can be written into {self._log_dir}; start TensorBoard with a --logdir that can be written to."
            )
        return ""

    def start(self, parameters: TrainingParameters) -> Training:
        """Start a training in a process of its own, into a new run.

        Raises:
            CannotTrainError: Too many are under way, or something is missing.
        """
        reason = self.why_not() or missing(parameters.data, self.data_folder)
        if reason:
            raise CannotTrainError(reason)
        with self._lock:
            running = [training.run for training in self._trainings.values() if not training.is_over]
            if len(running) >= MAX_RUNNING or self._is_closed:
                raise CannotTrainError(
                    f"{len(running)} trainings are under way ({', '.join(running)}); at most {MAX_RUNNING} are allowed "
                    "at once. Stop one, or wait for its end."
                )
            training = self._launch(parameters)
            self._trainings[training.id] = training
            self._forget_oldest()
        threading.Thread(target=self._follow, args=(training,), name="neuromapper-training", daemon=True).start()
        return training

    def described(self) -> list[dict[str, Any]]:
        """All trainings that are remembered, newest first."""
        with self._lock:
            return [training.described() for training in reversed(self._trainings.values())]

    def stop(self, key: str) -> bool:
        """Ask a training to stop, which takes a moment; whether there is such a training."""
        with self._lock:
            training = self._trainings.get(key)
        if training is not None and not training.is_over:
            training.is_stopping = True
            _close(training.process.stdin)
            _kill_later(training.process, _PATIENCE_S)
        return training is not None

    def close(self) -> None:
        """Ask all trainings to stop and start no more; they end on their own if this process is killed."""
        with self._lock:
            self._is_closed = True
            trainings = list(self._trainings.values())
        for training in trainings:
            self.stop(training.id)

    def _launch(self, parameters: TrainingParameters) -> Training:
        assert self._log_dir is not None
        try:
            folder = claim_run_folder(self._log_dir, run_name(parameters))
        except OSError as error:
            raise CannotTrainError(str(error)) from error
        request = TrainingRequest(parameters, str(folder), str(self.data_folder), self.limits)
        command = [sys.executable, "-c", _TRAIN, request.encode()]
        try:
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=python_environment())
        except OSError as error:
            folder.rmdir()
            raise CannotTrainError(f"no process could be started ({error.strerror}); try again later.") from error
        self._n_started += 1
        return Training(str(self._n_started), folder.name, parameters, folder, process)

    def _forget_oldest(self) -> None:
        over = [key for key, training in self._trainings.items() if training.is_over]
        for key in over[: max(0, len(self._trainings) - _MAX_KEPT)]:
            del self._trainings[key]

    def _follow(self, training: Training) -> None:
        """Take in a training's reports until its process has ended; then its place is free."""
        try:
            last = self._read_reports(training)
        finally:
            _close(training.process.stdin)
            with contextlib.suppress(OSError):
                training.folder.rmdir()  # Only if nothing was logged.
            training.is_over = True
        training.reported = last

    def _read_reports(self, training: Training) -> dict[str, Any]:
        """Take in what a training reports until its process has ended; its last report."""
        process = training.process
        assert process.stdout is not None
        timer = _kill_later(process, self.limits.time_s + _PATIENCE_S)
        last: dict[str, Any] = {}
        while line := process.stdout.readline(_MAX_LINE_BYTES):
            with contextlib.suppress(ValueError):
                last = json.loads(line)
                if _is_under_way(last):
                    training.reported = last
        code = process.wait()
        timer.cancel()
        process.stdout.close()
        return last if last and not _is_under_way(last) else {**training.reported, **_last_report(training, code)}


def _is_under_way(reported: dict[str, Any]) -> bool:
    return reported["state"] in ("starting", "training")


def _last_report(training: Training, code: int) -> dict[str, str]:
    """For a process that ended without a report of its own."""
    if training.is_stopping:
        return {"state": "stopped", "message": "stopped; what was logged until then is kept."}
    reason = f"the training's process ended with status {code}, perhaps for lack of memory"
    return {"state": "failed", "message": f"{reason}; TensorBoard's own output may say more."}


def _kill_later(process: subprocess.Popen[bytes], seconds: float) -> threading.Timer:
    timer = threading.Timer(seconds, process.kill)
    timer.daemon = True
    timer.start()
    return timer


def _close(stream: Any) -> None:
    with contextlib.suppress(OSError):  # The process may have gone already.
        stream.close()

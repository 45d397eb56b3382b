"""The process of a training that the page started. See docs/playground.md.

It gets one argument (`request.TrainingRequest`), reports its progress in JSON lines on standard output, and ends when
its standard input closes, which happens when it is asked to stop and when TensorBoard ends in any way.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from tb_neuromapper.playground.limits import bound_address_space, peak_memory_bytes
from tb_neuromapper.playground.request import TrainingRequest, decode_request

# TensorBoard and the browser go first.
_NICENESS = 5
# A step takes at most some seconds; a training that has not ended by then is ended.
_GRACE_S = 20.0
_REPORT_EVERY_S = 0.2


def main(argument: str) -> None:
    """Train as requested.

    Args:
        argument: An encoded `TrainingRequest`.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is TensorBoard's to handle; its end closes our input.
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # A library's print must not end up among the answers.
    must_stop = _watch_input()
    _train(decode_request(argument), _line_writer(answers), must_stop)


def _train(request: TrainingRequest, send: Callable[[dict[str, Any]], None], must_stop: threading.Event) -> None:
    import torch

    from tb_neuromapper.playground.data_sets import load_data_set
    from tb_neuromapper.playground.trainer import Progress, run_training

    torch.set_num_threads(1)
    try:
        data = load_data_set(request.parameters.data, Path(request.data_folder))
    except (ValueError, MemoryError) as error:
        send({"state": "failed", "message": str(error) or "there is not enough memory for the data set."})
        return
    # Not before: libraries that run out of memory while they are imported hang.
    limits, baseline = request.limits, peak_memory_bytes()
    bound_address_space(limits.memory_bytes)
    start_s = time.monotonic()
    next_s = start_s

    def report(progress: Progress) -> None:
        nonlocal next_s
        if time.monotonic() >= next_s:
            next_s = time.monotonic() + _REPORT_EVERY_S
            send(asdict(progress))

    def why_stop() -> str:
        if must_stop.is_set():
            return "stopped"
        if time.monotonic() - start_s > limits.time_s:
            return f"stopped after {_formatted(limits.time_s)}, the longest that a training may take here"
        if peak_memory_bytes() - baseline > limits.memory_bytes:
            return f"stopped, because it needs more than {limits.memory_bytes / 2**30:.1f} GiB of memory"
        return ""

    folder = Path(request.folder)
    send(asdict(run_training(request.parameters, data, folder, report=report, why_stop=why_stop)))


def _formatted(time_s: float) -> str:
    return f"{time_s / 60:g} minutes" if time_s >= 60 else f"{time_s:g} seconds"


def _line_writer(stream: IO[str]) -> Callable[[dict[str, Any]], None]:
    """A function that writes values as a line of JSON."""

    def send(values: dict[str, Any]) -> None:
        try:
            stream.write(json.dumps(values) + "\n")
            stream.flush()
        except OSError:
            pass  # TensorBoard is gone; our input closes, too.

    return send


def _watch_input() -> threading.Event:
    """An event that is set when standard input closes; if the process is still there _GRACE_S later, it is ended."""
    is_closed = threading.Event()

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 1 << 10):
            pass
        is_closed.set()
        time.sleep(_GRACE_S)
        os._exit(1)

    threading.Thread(target=watch, name="neuromapper-input", daemon=True).start()
    return is_closed

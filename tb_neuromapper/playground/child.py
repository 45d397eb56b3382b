"""The process of a training that the page started. See docs/playground.md.

It gets one argument (`order.Order`), tells its progress in JSON lines on standard output, and ends when its standard
input closes, which happens when it is told to stop and when TensorBoard ends, however that happens.
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
from tb_neuromapper.playground.order import Order, decode_order

# TensorBoard and the browser go first.
_NICENESS = 5
# A step takes at most some seconds; whoever has not ended by then is ended.
_GRACE_S = 20.0
_REPORT_EVERY_S = 0.2


def main(argument: str) -> None:
    """Train as ordered."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is TensorBoard's to handle; its end closes our input.
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    told = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # A library's print must not end up among the answers.
    is_told_to_stop = _watch_input()
    _train(decode_order(argument), _teller(told), is_told_to_stop)


def _train(order: Order, tell: Callable[[dict[str, Any]], None], is_told_to_stop: threading.Event) -> None:
    import torch

    from tb_neuromapper.playground.data_sets import load_data_set
    from tb_neuromapper.playground.trainer import Progress, run_training

    torch.set_num_threads(1)
    try:
        data = load_data_set(order.parameters.data, Path(order.data_folder))
    except (ValueError, MemoryError) as error:
        tell({"state": "failed", "message": str(error) or "there is not enough memory for the data set."})
        return
    # Not before: libraries that run out of memory while they are imported hang.
    limits, baseline = order.limits, peak_memory_bytes()
    bound_address_space(limits.memory_bytes)
    start_s = time.monotonic()
    next_s = start_s

    def report(progress: Progress) -> None:
        nonlocal next_s
        if time.monotonic() >= next_s:
            next_s = time.monotonic() + _REPORT_EVERY_S
            tell(asdict(progress))

    def why_stop() -> str:
        if is_told_to_stop.is_set():
            return "stopped"
        if time.monotonic() - start_s > limits.time_s:
            return f"stopped after {_in_words(limits.time_s)}, the longest that a training may take here"
        if peak_memory_bytes() - baseline > limits.memory_bytes:
            return f"stopped, because it needs more than {limits.memory_bytes / 2**30:.1f} GiB of memory"
        return ""

    folder = Path(order.folder)
    tell(asdict(run_training(order.parameters, data, folder, report=report, why_stop=why_stop)))


def _in_words(time_s: float) -> str:
    return f"{time_s / 60:g} minutes" if time_s >= 60 else f"{time_s:g} seconds"


def _teller(stream: IO[str]) -> Callable[[dict[str, Any]], None]:
    def tell(values: dict[str, Any]) -> None:
        try:
            stream.write(json.dumps(values) + "\n")
            stream.flush()
        except OSError:
            pass  # TensorBoard is gone; our input says so too.

    return tell


def _watch_input() -> threading.Event:
    """An event that is set when standard input closes; the process then has _GRACE_S to end by itself."""
    is_closed = threading.Event()

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 1 << 10):
            pass
        is_closed.set()
        time.sleep(_GRACE_S)
        os._exit(1)

    threading.Thread(target=watch, name="neuromapper-input", daemon=True).start()
    return is_closed

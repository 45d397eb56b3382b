"""The worker process's main loop: read a job, run it, answer. See jobs.py."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
from typing import IO

from tb_neuromapper.backend.jobs.local_worker import read_message, write_message

# The network that is being trained on the same machine goes first.
_NICENESS = 5


def serve() -> None:
    """Answer jobs from standard input until it closes, which happens when TensorBoard ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is TensorBoard's to handle; its end closes our input.
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # A library's print must not end up among the answers.
    requests = _forward_input()
    while True:
        try:
            job = read_message(requests)
        except EOFError:
            return
        write_message(answers, _answer(job))


def _answer(job: bytes) -> bytes:
    try:
        fn, args, kwargs = pickle.loads(job)
        return pickle.dumps((True, fn(*args, **kwargs)))
    except Exception as error:
        try:
            return pickle.dumps((False, error))
        except Exception:
            return pickle.dumps((False, RuntimeError(f"{type(error).__name__}: {error}")))


def _forward_input() -> IO[bytes]:
    """Copy standard input through a pipe, so that its end is noticed in the middle of a job too."""
    read_end, write_end = os.pipe()
    source = sys.stdin.fileno()

    def forward() -> None:
        while data := os.read(source, 1 << 16):
            while data:
                data = data[os.write(write_end, data) :]
        os._exit(0)

    threading.Thread(target=forward, daemon=True).start()
    return os.fdopen(read_end, "rb")

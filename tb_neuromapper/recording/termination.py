"""SIGTERM must not lose what was logged."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any


class TerminationGuard:
    """On SIGTERM, drain first, then die by the signal as if nobody had caught it.

    Installed only from the main thread and only where nothing but the default (or another guard) is installed: the
    user's own handler ends the program in its own way, and `atexit` drains then.

    Args:
        drain: Writes what waits; runs in a thread of its own.
    """

    def __init__(self, drain: Callable[[], None]) -> None:
        self._drain = drain
        self._previous: Any = signal.SIG_DFL
        self._is_removed = False

    def install(self) -> None:
        """Take over SIGTERM, where that is allowed."""
        if threading.current_thread() is not threading.main_thread():
            return
        previous: Any = signal.getsignal(signal.SIGTERM)
        if previous == signal.SIG_DFL or isinstance(previous, TerminationGuard):
            self._previous = previous
            signal.signal(signal.SIGTERM, self)

    def remove(self) -> None:
        """Put the previous handler back, unless somebody else has installed theirs since.

        Guards may be removed in any order: one that is not on top stays in the chain until those above it go.
        """
        self._is_removed = True
        current: Any = signal.getsignal(signal.SIGTERM)
        if current is not self or threading.current_thread() is not threading.main_thread():
            return
        previous = self._previous
        while isinstance(previous, TerminationGuard) and previous._is_removed:
            previous = previous._previous
        signal.signal(signal.SIGTERM, previous)

    def drain_all(self) -> None:
        """Drain this one and those that were installed before it."""
        self._drain()
        if isinstance(self._previous, TerminationGuard):
            self._previous.drain_all()

    def __call__(self, signum: int, _frame: FrameType | None) -> None:
        """Handle the signal: begin to drain, and return to the interrupted code."""
        # The interrupted code may hold the very locks that draining needs, so another thread drains while the main
        # thread goes on; a second signal ends the process at once. Not a daemon: an exit meanwhile waits for it.
        signal.signal(signum, signal.SIG_DFL)
        threading.Thread(target=self._drain_and_die, args=(signum,), name="neuromapper-terminate").start()

    def _drain_and_die(self, signum: int) -> None:
        try:
            self.drain_all()
        finally:
            os.kill(os.getpid(), signum)

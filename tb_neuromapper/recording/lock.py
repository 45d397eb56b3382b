"""One writer per run: a lock file that the operating system frees when its holder dies."""

from __future__ import annotations

import errno
import os
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: two writers in one run are not noticed there.
    fcntl = None  # type: ignore[assignment]


class RunLockedError(RuntimeError):
    """Another NeuroMapper writes into the run."""


class RunLock:
    """Held from construction to `release`, or to the end of the process.

    Args:
        path: The lock file, `<run>/plugins/neuromapper/writer.lock`; its folder exists.

    Raises:
        RunLockedError: Another NeuroMapper, in this process or another, holds it.
        OSError: The file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor: int | None = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            self._take(path)
        except BaseException:
            self.release()
            raise

    def _take(self, path: Path) -> None:
        if fcntl is None or self._descriptor is None:
            return
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK):
                raise RunLockedError(
                    f"another NeuroMapper is writing into {path.parent.parent.parent}{self._holder()}; only one at "
                    "a time may write a run. Close it first, or give another log_dir."
                ) from None
            # Some network file systems know no locks; logging matters more there.
            return
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, str(os.getpid()).encode(), 0)

    def _holder(self) -> str:
        assert self._descriptor is not None
        text = os.pread(self._descriptor, 20, 0).decode(errors="replace")
        return f" (process {text})" if text.isdigit() else ""

    def release(self) -> None:
        """Give the lock back; in a forked child, only the child's copy of the descriptor goes."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

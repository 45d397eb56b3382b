"""Where jobs run: one worker process beside TensorBoard, behind `concurrent.futures.Executor`.

A process, because numba's threads abort a process that calls them from several threads, and TensorBoard answers each
request in a thread. Not `ProcessPoolExecutor`: it imports TensorBoard's main module again in the worker, waits for
running jobs when TensorBoard ends, and leaves its worker behind when TensorBoard is killed. Here the two talk over
the worker's standard input and output, so the worker ends when TensorBoard does, however that happens.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import IO, Any, TypeVar

T = TypeVar("T")
# `python -c` puts the current directory first on the path. It may be a log directory that holds, say, a numba.py.
_SERVE = """import sys; sys.path[:] = filter(None, sys.path)
from tb_neuromapper.backend.jobs.worker_process import serve; serve()"""


class WorkerDied(RuntimeError):
    """The worker process ended in the middle of a job."""


class LocalWorker(Executor):
    """Runs jobs one after the other in one process of its own, which is started with the first job."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[tuple[Future[Any], bytes] | None] = queue.SimpleQueue()
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._cancelled = False
        self._thread = threading.Thread(target=self._run, name="neuromapper-jobs", daemon=True)
        self._thread.start()

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Queue a job; functions and arguments are pickled now, so a mistake is raised here."""
        if self._closed:
            raise RuntimeError("the worker has been shut down; no more jobs are taken.")
        future: Future[T] = Future()
        self._jobs.put((future, pickle.dumps((fn, args, kwargs))))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more jobs; with `wait`, return when those queued are done; with `cancel_futures`, end the process."""
        self._closed = True
        self._jobs.put(None)
        if cancel_futures:
            self._cancelled = True
            self.kill()
        if wait:
            self._thread.join()

    def kill(self) -> None:
        """End the process now; the running job fails with WorkerDied."""
        process = self._process
        if process is not None:
            process.kill()

    def _run(self) -> None:
        while (item := self._jobs.get()) is not None:
            future, job = item
            if self._cancelled:
                future.cancel()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                ok, value = self._call(job)
            except Exception as error:
                future.set_exception(error)
            else:
                future.set_result(value) if ok else future.set_exception(value)
        self._end()

    def _call(self, job: bytes) -> tuple[bool, Any]:
        if self._process is None:
            self._process = _start()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            write_message(self._process.stdin, job)
            return pickle.loads(read_message(self._process.stdout))  # type: ignore[no-any-return]
        except (OSError, EOFError) as error:
            code = self._end()
            raise WorkerDied(
                f"the worker process ended with {code} in the middle of the job (out of memory, perhaps); "
                "the next job starts a new one."
            ) from error

    def _end(self) -> int | None:
        process, self._process = self._process, None
        if process is None:
            return None
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.close()
        with contextlib.suppress(OSError):  # The worker may have gone already.
            process.stdin.close()
        return process.wait()


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", _SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=python_environment()
    )


def python_environment() -> dict[str, str]:
    """The environment of our own processes: they find the modules that this one finds."""
    # Threads that wait by spinning take the cores from the training beside them: ten times slower was measured.
    return {"OMP_WAIT_POLICY": "passive", **os.environ, "PYTHONPATH": os.pathsep.join(_module_path())}


def _module_path() -> list[str]:
    """Our own module path without the current directory, unless the user's PYTHONPATH names it."""
    named = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    here = str(Path.cwd())
    return [path for path in sys.path if path and (path in named or path != here)]


def write_message(stream: IO[bytes], data: bytes) -> None:
    """Write the length (uint64, little-endian) and the bytes."""
    stream.write(struct.pack("<Q", len(data)) + data)
    stream.flush()


def read_message(stream: IO[bytes]) -> bytes:
    """Read what `write_message` wrote.

    Raises:
        EOFError: The stream ended.
    """
    header = stream.read(8)
    if len(header) < 8:
        raise EOFError
    (length,) = struct.unpack("<Q", header)
    data = stream.read(length)
    if len(data) < length:
        raise EOFError
    return data

"""Run a compiled kernel on several threads.

numba's own parallel loops abort the process when two Python threads enter them at once (its workqueue layer), and
take several times as long to compile. Kernels here are serial and release the GIL; each thread gets a range of items.
No result depends on the number of threads.

Threads of the matrix library wait for the next product by spinning, and take the cores from ours: exact search took
2.6 times as long. So it is held to one thread meanwhile, and each of ours multiplies its own part.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Lock
from types import TracebackType
from typing import Any

import numba
from threadpoolctl import OpenBLASController, threadpool_limits

from tb_neuromapper.numerics.types import LayoutCancelled


class _OneMatrixThread:
    """Holds the matrix library to one thread from the first of several overlapping computations to the last.

    threadpoolctl lets only the thread that has set a limit take it back, until that is cleared; the last computation
    may be another thread's.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._n_inside = 0
        self._limit: threadpool_limits | None = None

    def enter(self) -> None:
        with self._lock:
            if self._n_inside == 0:
                self._limit = threadpool_limits(limits=1, user_api="blas")
            self._n_inside += 1

    def leave(self) -> None:
        with self._lock:
            self._n_inside -= 1
            if self._n_inside == 0 and self._limit is not None:
                OpenBLASController.clear_controlling_thread(force=True)
                self._limit.restore_original_limits()
                OpenBLASController.clear_controlling_thread()


_ONE_MATRIX_THREAD = _OneMatrixThread()


class Threads:
    """A pool for the time of one computation.

    Args:
        n: Number of threads; by default NUMBA_NUM_THREADS, which is the number of cores unless set.
        should_stop: Called between kernels and, through `most`, within long ones; True cancels.
    """

    def __init__(self, n: int | None = None, should_stop: Callable[[], bool] | None = None) -> None:
        self.n = n or int(numba.config.NUMBA_NUM_THREADS)
        self._should_stop = should_stop
        self._pool = ThreadPoolExecutor(self.n - 1, "neuromapper") if self.n > 1 else None

    def check_stop(self) -> None:
        """Raise LayoutCancelled if the caller wants to stop."""
        if self._should_stop is not None and self._should_stop():
            raise LayoutCancelled("the computation was cancelled.")

    def run(self, kernel: Callable[..., None], n_items: int, *args: Any, most: int | None = None) -> None:
        """Call `kernel(first, last, *args)` for ranges that cover [0, n_items).

        Args:
            kernel: A compiled function that releases the GIL; its ranges must be independent of one another.
            n_items: Number of items.
            *args: Further arguments of every call.
            most: Items between two checks whether to stop; all, if None.

        Raises:
            LayoutCancelled: The caller wants to stop.
        """
        step = max(1, most or n_items)
        for first in range(0, n_items, step):
            self.check_stop()
            self._run(kernel, first, min(first + step, n_items), args)

    def _run(self, kernel: Callable[..., None], first: int, last: int, args: tuple[Any, ...]) -> None:
        n_parts = min(self.n, last - first)
        if self._pool is None or n_parts <= 1:
            kernel(first, last, *args)
            return
        edges = [first + (last - first) * part // n_parts for part in range(n_parts + 1)]
        futures = [self._pool.submit(kernel, edges[part], edges[part + 1], *args) for part in range(1, n_parts)]
        try:
            kernel(edges[0], edges[1], *args)
        finally:
            wait(futures)
        for future in futures:
            future.result()

    def __enter__(self) -> Threads:
        _ONE_MATRIX_THREAD.enter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _ONE_MATRIX_THREAD.leave()
        if self._pool is not None:
            self._pool.shutdown(wait=True)

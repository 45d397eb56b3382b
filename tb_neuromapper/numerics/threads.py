"""Run a compiled kernel on several threads.

numba's own parallel loops abort the process when two Python threads enter them at once (its workqueue layer), and
take several times as long to compile. Kernels here are serial and release the GIL; each thread gets a range of items.
No result depends on the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any

import numba


class Threads:
    """A pool for the time of one computation.

    Args:
        n: Number of threads; by default NUMBA_NUM_THREADS, which is the number of cores unless set.
    """

    def __init__(self, n: int | None = None) -> None:
        self.n = n or int(numba.config.NUMBA_NUM_THREADS)
        self._pool = ThreadPoolExecutor(self.n - 1, "neuromapper") if self.n > 1 else None

    def run(self, kernel: Callable[..., None], n_items: int, *args: Any) -> None:
        """Call `kernel(first, last, *args)` for ranges that cover [0, n_items)."""
        n_parts = max(1, min(self.n, n_items))
        edges = [n_items * part // n_parts for part in range(n_parts + 1)]
        if self._pool is None or n_parts == 1:
            kernel(0, n_items, *args)
            return
        futures = [self._pool.submit(kernel, edges[part], edges[part + 1], *args) for part in range(1, n_parts)]
        kernel(edges[0], edges[1], *args)
        for future in futures:
            future.result()

    def __enter__(self) -> Threads:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True)

"""Which executor runs the jobs: a local process, or a Dask cluster named on the command line.

The cluster's workers must see the log directory and the results cache under the same paths, and have tb_neuromapper
installed. Each should run one task at a time (`dask worker --nthreads 1`): one layout uses all cores.
"""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, TypeVar

from tb_neuromapper.backend.jobs.local_worker import LocalWorker

T = TypeVar("T")
_CONNECT_TIMEOUT_S = 10


def open_executor(scheduler: str) -> Executor:
    """A local worker process, or the Dask cluster at an address such as tcp://10.0.0.1:8786."""
    return DaskCluster(scheduler) if scheduler else LocalWorker()


def check_scheduler(scheduler: str) -> None:
    """Check the flag without connecting.

    Raises:
        ValueError: Not an address, or the extra is not installed.
    """
    if scheduler and "://" not in scheduler:
        raise ValueError(f"--neuromapper_scheduler is {scheduler!r}; an address such as tcp://10.0.0.1:8786 is needed.")
    if scheduler and importlib.util.find_spec("distributed") is None:
        raise ValueError("--neuromapper_scheduler needs Dask: pip install 'tb-neuromapper[dask]'.")


class DaskCluster(Executor):
    """Runs jobs on a Dask cluster; connects with the first one, so that TensorBoard starts without the cluster.

    A job whose worker dies is run again by another one.

    Args:
        address: The scheduler's, for example tcp://10.0.0.1:8786.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._executor: Any = None
        self._client: Any = None

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Hand a job to the cluster.

        Raises:
            OSError: The scheduler does not answer.
        """
        from distributed import Client

        with self._lock:
            if self._executor is None:
                try:
                    self._client = Client(self._address, timeout=_CONNECT_TIMEOUT_S, set_as_default=False)
                except (OSError, TimeoutError) as error:
                    raise OSError(f"the Dask scheduler at {self._address} does not answer ({error}).") from error
                self._executor = self._client.get_executor(pure=False, retries=2)
        future: Future[T] = self._executor.submit(fn, *args, **kwargs)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the cluster; it goes on without us."""
        if self._executor is not None:
            self._executor.shutdown(wait=wait and not cancel_futures)
            self._client.close()

"""What is measured of a projection only when someone asks: faithfulness around each sample, clusters of classes."""

from __future__ import annotations

from concurrent.futures import Executor
from concurrent.futures import TimeoutError as FutureTimeoutError

import numpy as np
import numpy.typing as npt

from tb_neuromapper.backend.cache import FloatArray, ResultCache
from tb_neuromapper.backend.embeddings.projection import Projection
from tb_neuromapper.backend.embeddings.snapshot import PairSideSnapshot
from tb_neuromapper.backend.jobs.local_worker import WorkerDied
from tb_neuromapper.numerics.quality.local_preservation import local_preservation
from tb_neuromapper.schema import RecordError

# How long a request waits for the worker, which may be laying out something.
_PATIENCE_S = 20


def measure_preservation(cache: ResultCache, projection: Projection, step: int, k: int) -> FloatArray | None:
    """How faithful the layout is around each sample.

    Args:
        cache: Holds the neighbours in the activations.
        projection: The layout.
        step: The epoch.
        k: How many neighbours are compared.

    Returns:
        float32 (n,) shares in [0, 1], NaN = not known; None if the neighbours are no longer in the cache.

    Raises:
        OSError: The layout has been replaced or removed since.
    """
    checksum = next((item.checksum for item in projection.slices if item.step == step), "")
    found = cache.find_neighbors(checksum, projection.parameters.metric, k)
    if found is None:
        return None
    snapshot = projection.published.snapshot
    if not isinstance(snapshot, PairSideSnapshot) or snapshot.pair is None:
        return local_preservation(found[0], snapshot.positions(step), k=k)
    return snapshot.pair.scatter_to_rows(local_preservation(found[0], snapshot.common_positions(step), k=k))


def measure_subclusters(
    executor: Executor, projection: Projection, step: int, classes: npt.NDArray[np.int32]
) -> float | None:
    """Mean number of clusters of a class in the layout, found by the worker.

    Args:
        executor: The worker.
        projection: The layout.
        step: The epoch.
        classes: int32 (n,); -1 = none.

    Returns:
        None if every class is too small.

    Raises:
        RecordError: scikit-learn is missing, or the worker is busy or failed.
        OSError: The layout has been replaced or removed since.
    """
    future = executor.submit(_count_subclusters, projection.published.snapshot.positions(step), classes)
    try:
        return future.result(timeout=_PATIENCE_S)
    except ImportError:
        raise RecordError("counting sub-clusters needs scikit-learn 1.3 or newer: pip install scikit-learn.") from None
    except (TimeoutError, FutureTimeoutError):
        future.cancel()
        raise RecordError("the worker is busy; ask again later.") from None
    except WorkerDied as error:
        raise RecordError(str(error)) from None


def _count_subclusters(positions: FloatArray, classes: npt.NDArray[np.int32]) -> float | None:
    """Runs in the worker, which alone imports scikit-learn."""
    from tb_neuromapper.numerics.quality.subclusters import count_subclusters

    return count_subclusters(positions, classes)

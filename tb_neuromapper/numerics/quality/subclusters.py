"""The number of clusters into which a layout separates each class."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

# A cluster is at least this many samples, and this share of its class.
_MIN_SIZE = 5
_MIN_SHARE = 0.1


def count_subclusters(positions: npt.NDArray[np.float32], classes: npt.NDArray[np.integer]) -> float | None:
    """Mean number of clusters that HDBSCAN finds in a class; a class without clusters counts as one.

    Args:
        positions: (n, 2); rows that are NaN do not count.
        classes: (n,) class indexes; -1 = none.

    Returns:
        1 or more; None if no class has 2 * 5 samples with a position.

    Raises:
        ImportError: scikit-learn 1.3 or newer is not installed.

    Reference: Campello, Moulavi and Sander 2013, Density-based clustering based on hierarchical density estimates.
    """
    from sklearn.cluster import HDBSCAN

    placed = np.isfinite(positions).all(axis=1) & (classes >= 0)
    counts = []
    for label in np.unique(classes[placed]):
        own = positions[placed & (classes == label)]
        if len(own) < 2 * _MIN_SIZE:
            continue
        size = max(_MIN_SIZE, round(_MIN_SHARE * len(own)))
        found = HDBSCAN(min_cluster_size=size, allow_single_cluster=True, copy=True).fit_predict(own)
        counts.append(max(1, len(set(found[found >= 0].tolist()))))
    return float(np.mean(counts)) if counts else None

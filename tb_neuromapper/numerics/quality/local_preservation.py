"""How faithful a layout is around each of its samples. Only numpy and scipy: TensorBoard's own process loads this."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

K = 15


def local_preservation(
    neighbor_ids: npt.NDArray[np.integer], positions: npt.NDArray[np.float32], *, k: int = K
) -> npt.NDArray[np.float32]:
    """For each sample the share of its k nearest neighbours that are among its k nearest in the plane.

    Args:
        neighbor_ids: (n, m): rows of the same slice, nearest first, the sample itself left out.
        positions: (n, 2); NaN for samples without a position.
        k: Number of neighbours compared; at most m, and at most the number of other samples with a position.

    Returns:
        float32 (n,) in [0, 1]; NaN for samples without a position, or for all if there is no neighbour.

    Raises:
        ValueError: The two have different numbers of rows.
    """
    from scipy.spatial import cKDTree

    if len(neighbor_ids) != len(positions):
        raise ValueError(
            f"{len(neighbor_ids)} neighbour lists and {len(positions)} positions; both need the same rows."
        )
    shares = np.full(len(positions), np.nan, np.float32)
    placed = np.flatnonzero(np.isfinite(positions).all(axis=1))
    size = min(k, neighbor_ids.shape[1], len(placed) - 1)
    if size < 1:
        return shares
    points = positions[placed]
    found = placed[cKDTree(points).query(points, k=size + 1)[1]]
    # Samples at one place come in any order: leave out the sample itself wherever it is, or else the farthest.
    own = found == placed[:, None]
    own[~own.any(axis=1), -1] = True
    near = found[~own].reshape(len(placed), size)
    far = neighbor_ids[placed, :size]
    shared = sum((far[:, column, None] == near).any(axis=1) for column in range(size))
    shares[placed] = np.asarray(shared, np.float32) / size
    return shares

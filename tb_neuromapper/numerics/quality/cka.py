"""How far a block's representation moves between epochs, measured on the activations."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tb_neuromapper.numerics.features import check_features


def linear_cka(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Linear centred kernel alignment of two tables of activations of the same samples.

    Args:
        first: (n, d1).
        second: (n, d2).

    Returns:
        In [0, 1]; 1 for representations equal up to rotation and scale. Two constant tables are at 1, a constant
        and a varying one at 0.

    Raises:
        ValueError: Not tables of finite numbers, or different numbers of samples.

    Reference: Kornblith et al. 2019, Similarity of neural network representations revisited, equation 4.
    """
    x, y = _centre(check_features(first, "first")), _centre(check_features(second, "second"))
    if len(x) != len(y):
        raise ValueError(f"{len(x)} and {len(y)} samples; both tables must hold the same samples.")
    own_x, own_y = _alignment(x, x), _alignment(y, y)
    if own_x == 0 or own_y == 0:
        return 1.0 if own_x == own_y else 0.0
    return float(np.clip(_alignment(x, y) / np.sqrt(own_x * own_y), 0.0, 1.0))


def _centre(table: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    wide = table.astype(np.float64)
    wide -= wide.mean(axis=0)
    # What the mean leaves of a constant column is rounding.
    wide[:, np.abs(wide).max(axis=0) <= 1e-6 * np.abs(table).max(axis=0)] = 0
    largest = np.abs(wide).max()
    if largest > 0:
        wide /= largest
    return wide


def _alignment(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> float:
    """|Y'X|^2 in the Frobenius norm, through the smaller of the two product matrices."""
    if len(x) < x.shape[1] * y.shape[1] / max(1, x.shape[1] + y.shape[1]):
        return float(np.einsum("ij,ij->", x @ x.T, y @ y.T))
    return float(np.sum(np.square(y.T @ x)))

"""Which of a few numbers stand out. Only numpy: TensorBoard's own process loads this."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def flag_outliers(values: npt.ArrayLike, threshold: float = 3.5) -> npt.NDArray[np.bool_]:
    """Which values are outliers by the modified z-score 0.6745 |x - median| / MAD; NaN never is.

    Args:
        values: (m,), for example 1 - CKA of successive epochs.
        threshold: The score above which a value is an outlier.

    Returns:
        bool (m,). With a MAD of zero, the mean absolute deviation takes its place (Iglewicz and Hoaglin's advice).

    Raises:
        ValueError: The values are not one-dimensional.

    Reference: Iglewicz and Hoaglin 1993, How to detect and handle outliers.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError(f"values have shape {array.shape}; one number an interval is needed, (m,).")
    flags = np.zeros(array.shape, dtype=np.bool_)
    finite = np.isfinite(array)
    if not finite.any():
        return flags
    gaps = np.abs(array - np.median(array[finite]))
    spread, scale = float(np.median(gaps[finite])), 0.6745
    if spread == 0:
        spread, scale = float(np.mean(gaps[finite])), 0.7979
    if spread > 0:
        flags[finite] = scale * gaps[finite] / spread > threshold
    return flags

"""The curve 1 / (1 + a d^(2b)) that turns a distance in the plane into a weight."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.optimize import curve_fit

_LEAST_SPREAD, _MOST_SPREAD = 1e-2, 1e3


@lru_cache(maxsize=256)
def fit_curve(spread: float, min_dist: float) -> tuple[float, float]:
    """The a and b for which the curve is about 1 up to `min_dist` and then falls off with scale `spread`.

    Raises:
        ValueError: spread not from 0.01 to 1000, min_dist negative or above spread.

    Reference: McInnes, Healy and Melville 2018, UMAP, definition 11; umap-learn, `find_ab_params`.
    """
    if not _LEAST_SPREAD <= spread <= _MOST_SPREAD:
        raise ValueError(
            f"spread is {spread}; only a positive number from {_LEAST_SPREAD} to {_MOST_SPREAD:g} is allowed."
        )
    if not 0 <= min_dist <= spread:
        raise ValueError(f"min_dist is {min_dist}; it must lie between 0 and spread, which is {spread}.")
    # Fitted at the scale where the optimiser starts; from far away it does not converge.
    least = min_dist / spread
    dists = np.linspace(0, 3, 300)
    weights = np.where(dists < least, 1.0, np.exp(-(dists - least)))
    (a, b), _ = curve_fit(lambda d, a, b: 1 / (1 + a * d ** (2 * b)), dists, weights)
    return float(a * spread ** (-2 * b)), float(b)

"""Slices of iris."""

import numpy as np
import pytest
from sklearn.datasets import load_iris


@pytest.fixture(scope="package")
def iris():
    """Overlapping slices of iris sorted by petal length, as in umap-learn's documentation, and their relations."""
    data = load_iris().data
    data = data[np.argsort(data[:, 2], kind="stable")]
    slices = [data[first : first + 50] for first in range(0, 101, 25)]
    return slices, [{row + 25: row for row in range(25)}] * (len(slices) - 1)

"""The number of clusters into which a layout separates each class."""

import numpy as np
import pytest

from tb_neuromapper.numerics.quality.subclusters import count_subclusters


def blobs(*centres, n=40):
    """N points close around each centre, float32 (n * centres, 2)."""
    random = np.random.default_rng(0)
    return np.concatenate([random.normal(centre, 0.1, size=(n, 2)) for centre in centres]).astype(np.float32)


def test_count_subclusters__finds_the_parts_of_a_class():
    """One class in one heap and one in three heaps have two clusters each in the mean."""
    positions = blobs((0, 0), (5, 0), (8, 4), (5, 9))
    classes = np.repeat([0, 1, 1, 1], 40)
    assert count_subclusters(positions, classes) == pytest.approx(2.0)
    positions[:3] = np.nan
    assert count_subclusters(positions, classes) == pytest.approx(2.0)


def test_count_subclusters__of_too_few_samples():
    """Small classes and samples without a class are left out."""
    assert count_subclusters(blobs((0, 0), n=9), np.zeros(9, int)) is None
    assert count_subclusters(blobs((0, 0)), np.full(40, -1)) is None

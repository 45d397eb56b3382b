"""How faithful a layout is around each of its samples."""

import numpy as np
import pytest

from tb_neuromapper.numerics.neighbors.find import find_neighbors
from tb_neuromapper.numerics.quality.layout_quality import measure_quality
from tb_neuromapper.numerics.quality.local_preservation import local_preservation
from tests import reference


@pytest.fixture
def features():
    """Random features, float32 (60, 5)."""
    return np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)


def test_local_preservation__matches_full_sort(features):
    """The shares are those that sorting all distances gives; samples without a place are NaN and count for nobody."""
    ids = find_neighbors(features, n_neighbors=20).ids
    positions = features[:, :2].copy()
    positions[[3, 17]] = np.nan
    for k in (1, 7, 15):
        expected = reference.local_preservation(ids, positions, k)
        np.testing.assert_allclose(local_preservation(ids, positions, k=k), expected, atol=1e-6)


def test_local_preservation__has_the_mean_that_is_the_quality(features):
    """The mean over all samples is the slice's preservation."""
    neighbors = find_neighbors(features, n_neighbors=15)
    positions = features[:, 1:3].copy()
    quality = measure_quality(features, neighbors, positions, None, n_samples=60)
    assert local_preservation(neighbors.ids, positions).mean() == pytest.approx(quality.preservation, abs=1e-6)


def test_local_preservation__of_samples_at_one_place():
    """Samples that lie on each other are each other's neighbours, not their own."""
    ids = np.array([[1], [0], [0]], np.int32)
    positions = np.zeros((3, 2), np.float32)
    shares = local_preservation(ids, positions, k=1)
    assert np.isfinite(shares).all()
    many = np.tile(np.arange(1, 41, dtype=np.int32), (60, 1))
    assert (local_preservation(many, np.zeros((60, 2), np.float32), k=5) <= 1).all()


def test_local_preservation__of_too_few_samples():
    """Without any neighbour nothing is known; lists of other samples are refused."""
    assert np.isnan(local_preservation(np.empty((1, 0), np.int32), np.zeros((1, 2), np.float32))).all()
    with pytest.raises(ValueError, match="same rows"):
        local_preservation(np.zeros((2, 1), np.int32), np.zeros((3, 2), np.float32))

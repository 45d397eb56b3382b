"""Quality of layouts against scikit-learn and plain counts."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.manifold import trustworthiness

from tb_neuromapper.numerics.neighbors.find import find_neighbors
from tb_neuromapper.numerics.quality.layout_quality import measure_quality
from tests import reference


@pytest.fixture(scope="module")
def digits():
    """Features of 500 digits, their neighbours and a poor layout of them."""
    features = load_digits().data[:500].astype(np.float32)
    # A poor layout, so that ranks are well mixed.
    layout = (features - features.mean(axis=0)) @ np.random.default_rng(0).normal(size=(64, 2))
    return features, find_neighbors(features, n_neighbors=15), layout.astype(np.float32)


def test_measure_quality__is_scikit_learns_trustworthiness(digits):
    """Measured on all samples, trustworthiness is scikit-learn's, and continuity its mirror image."""
    features, near, layout = digits
    quality = measure_quality(features, near, layout, None, k=10, n_samples=500)
    assert quality.trustworthiness == pytest.approx(trustworthiness(features, layout, n_neighbors=10), abs=1e-3)
    assert quality.continuity == pytest.approx(trustworthiness(layout, features, n_neighbors=10), abs=1e-3)
    assert quality.movement is None


def test_measure_quality__matches_slow_twin():
    """Trustworthiness and continuity are the mean rank excesses that sorting all distances gives."""
    random = np.random.default_rng(0)
    features, layout = random.normal(size=(40, 5)), random.normal(size=(40, 2)).astype(np.float32)
    quality = measure_quality(features, find_neighbors(features, n_neighbors=6), layout, None, k=6, n_samples=40)
    assert quality.trustworthiness == pytest.approx(reference.trustworthiness(features, layout, 6), abs=1e-6)
    assert quality.continuity == pytest.approx(reference.trustworthiness(layout, features, 6), abs=1e-6)


@pytest.mark.parametrize(
    ("scale", "far"),
    [(1e25, 0), (1e30, 0), (1e-25, 0), (1, 1e6), (1, 1e15), (1, 1e30), (1, -1e4)],
)
def test_measure_quality__matches_slow_twin_at_every_scale(scale, far):
    """Large and small numbers, one far sample or a far half (negative here) are ranked as float64 ranks them."""
    random = np.random.default_rng(0)
    features, layout = random.normal(size=(40, 5)), random.normal(size=(40, 2)).astype(np.float32)
    features[7 if far >= 0 else slice(20)] += far
    features = features.astype(np.float32).astype(np.float64)
    near = find_neighbors(features * scale, n_neighbors=6)
    quality = measure_quality(features * scale, near, layout * np.float32(scale), None, k=6, n_samples=40)
    rows = 1 if far > 1e9 else 0  # The far sample's own neighbours are all equally far in float64, too.
    near_to = 1e-3 + rows / 40
    assert quality.trustworthiness == pytest.approx(reference.trustworthiness(features, layout, 6), abs=near_to)
    assert quality.continuity == pytest.approx(reference.trustworthiness(layout, features, 6), abs=near_to)


@pytest.mark.parametrize("case", ["constant features", "constant layout", "no places", "one sample", "two samples"])
def test_measure_quality__is_nan_where_nothing_can_be_ranked(case):
    """Without different distances there is nothing to be faithful to."""
    features = np.random.default_rng(0).normal(size=({"one sample": 1, "two samples": 2}.get(case, 30), 2))
    layout = {"constant layout": 0 * features, "no places": np.nan * features}.get(case, features)
    features = 0 * features + 0.1 if case == "constant features" else features
    quality = measure_quality(features, find_neighbors(features, n_neighbors=15), layout, None)
    assert np.isnan([quality.trustworthiness, quality.continuity, quality.preservation]).all()


def test_measure_quality__counts_preserved_neighbours(digits):
    """Preservation is the mean share of common neighbours."""
    features, near, layout = digits
    quality = measure_quality(features, near, layout, None, n_samples=500)
    plane, _ = reference.nearest(layout, 15)
    shares = [len(np.intersect1d(a, b)) / 15 for a, b in zip(near.ids, plane, strict=True)]
    assert quality.preservation == pytest.approx(np.mean(shares), abs=2e-3)


def test_measure_quality__of_a_sample_is_near_that_of_all(digits):
    """Some of the samples give about the same numbers."""
    features, near, layout = digits
    whole = measure_quality(features, near, layout, layout + 1, n_samples=500)
    some = measure_quality(features, near, layout, layout + 1, n_samples=200)
    assert some.trustworthiness == pytest.approx(whole.trustworthiness, abs=0.02)
    assert some.preservation == pytest.approx(whole.preservation, abs=0.03)


def test_measure_quality__movement_is_over_the_rms_radius():
    """A shift by one radius is a movement of 1; NaN rows do not count."""
    random = np.random.default_rng(0)
    layout = random.normal(size=(100, 2)).astype(np.float32)
    layout -= layout.mean(axis=0)
    layout /= np.sqrt((layout**2).sum(axis=1).mean())
    before = layout + np.array([1, 0], np.float32)
    before[3] = np.nan
    near = find_neighbors(layout, n_neighbors=15)
    assert measure_quality(layout, near, layout, before).movement == pytest.approx(1.0, abs=0.01)
    assert measure_quality(layout, near, layout, np.full_like(layout, np.nan)).movement == 0.0


def test_measure_quality__of_a_perfect_layout_is_one():
    """A layout equal to its features is faithful in every respect, in every size."""
    for n in (3, 5, 60):
        features = np.random.default_rng(0).normal(size=(n, 2)).astype(np.float32)
        quality = measure_quality(features, find_neighbors(features, n_neighbors=15), features, features)
        assert quality.trustworthiness == pytest.approx(1.0)
        assert quality.continuity == pytest.approx(1.0)
        assert quality.preservation == pytest.approx(1.0)
        assert quality.movement == 0.0


def test_measure_quality__takes_nan_positions_and_other_metrics():
    """Samples without a place are left out; ranks follow the metric."""
    features = np.random.default_rng(0).normal(size=(80, 6))
    near = find_neighbors(features, n_neighbors=15, metric="cosine")
    layout = features[:, :2].copy()
    layout[5] = np.nan
    quality = measure_quality(features, near, layout, None, metric="cosine")
    assert 0 <= quality.preservation <= 1
    assert 0 <= quality.trustworthiness <= 1


@pytest.mark.parametrize("case", ["positions", "previous", "features"])
def test_measure_quality__refuses_bad_input_in_words(case):
    """Shapes that do not agree and features that are no numbers are refused."""
    features, layout = np.zeros((20, 3)), np.zeros((20, 2))
    near = find_neighbors(features, n_neighbors=5)
    bad = {"features": features, "positions": layout, "previous": layout}
    bad[case] = bad[case][:-1] if case != "features" else features * np.nan
    with pytest.raises(ValueError, match=r"same rows|NaN"):
        measure_quality(bad["features"], near, bad["positions"], bad["previous"])

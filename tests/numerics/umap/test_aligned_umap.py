"""The drop-in class: layouts of slices and relations as umap-learn takes them."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from tb_neuromapper.numerics.neighbors.find import METRICS
from tb_neuromapper.numerics.umap.aligned_umap import AlignedUMAP
from tests.numerics.umap.tables import GOOD, SAME


def test_aligned_umap__fits_relations_that_come_and_go(iris):
    """Fit and fit_transform take overlapping slices; related samples lie close to one another."""
    slices, relations = iris
    layouts = AlignedUMAP(n_neighbors=10).fit_transform(slices, relations=relations)
    assert [layout.shape for layout in layouts] == [(len(table), 2) for table in slices]
    steps = [np.linalg.norm(a[25:50] - b[:25], axis=1).mean() for a, b in pairwise(layouts)]
    assert np.mean(steps) < 0.2 * np.ptp(layouts[0])


def test_aligned_umap__takes_values_per_slice(iris):
    """n_neighbors, min_dist and others may be lists with one value per slice."""
    slices, relations = iris
    model = AlignedUMAP(
        n_neighbors=[5, 10, 15, 20, 25], min_dist=[0.01, 0.1, 0.2, 0.5, 0.9], learning_rate=(1.0,) * 5, n_epochs=20
    )
    model.fit(slices, relations=relations)
    assert all(np.isfinite(layout).all() for layout in model.embeddings_)
    assert model.n_models_ == 5


def test_aligned_umap__updates_without_moving_the_rest(iris):
    """Update adds a slice; the older embeddings keep their bytes, new values join the lists."""
    slices, relations = iris
    model = AlignedUMAP(n_neighbors=10).fit(slices[:-1], relations=relations[:-1])
    before = [layout.copy() for layout in model.embeddings_]
    assert model.update(slices[-1], relations=relations[-1], n_neighbors=12) is model
    assert model.n_models_ == len(model.embeddings_) == len(model.dict_relations_) + 1 == 5
    assert model.n_neighbors == [10, 10, 10, 10, 12]
    for a, b in zip(before, model.embeddings_[:-1], strict=True):
        np.testing.assert_array_equal(a, b)
    assert np.isfinite(model.embeddings_[-1]).all()


@pytest.mark.parametrize("metric", ["cosine", "correlation", "manhattan"])
def test_aligned_umap__has_metrics(iris, metric):
    """Other metrics give other layouts."""
    slices, relations = iris
    assert metric in METRICS
    layouts = AlignedUMAP(metric=metric, n_epochs=10).fit_transform(slices, relations=relations)
    assert all(np.isfinite(layout).all() for layout in layouts)


def test_aligned_umap__is_nan_for_disconnected_points():
    """In cosine, a vector opposite to all others has no neighbour."""
    random = np.random.default_rng(0)
    features = np.abs(random.normal(size=(1, 3))) * random.uniform(1, 2, (30, 1))
    features[4] = -features[0]
    model = AlignedUMAP(n_neighbors=5, metric="cosine", n_epochs=5).fit([features], relations=[])
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(model.embeddings_[0]).any(axis=1)), [4])


def test_aligned_umap__lets_the_last_of_several_rows_win(iris):
    """Two rows related to one: the last is the sample, as in umap-learn."""
    slices, _ = iris
    model = AlignedUMAP(n_epochs=5).fit(slices[:2], relations=[{0: 5, 1: 5, 30: 6}])
    assert np.isfinite(model.embeddings_[1]).all()


@pytest.mark.parametrize(
    "parameters",
    [
        {"learning_rate": 1e6},
        {"repulsion_strength": 1e6, "negative_sample_rate": 1e6},
        {"alignment_regularisation": 1e300},
        {"a": 1e7, "b": 5},
        {"a": 1e-12, "b": 1e-3},
        {"spread": 0.01, "min_dist": 0.01},
        {"spread": 1000, "min_dist": 1000},
        {"n_neighbors": 10**20},
        {"n_neighbors": range(5, 7)},
    ],
)
def test_aligned_umap__is_finite_at_the_ends_of_every_range(parameters):
    """What is allowed has a finite layout, soon."""
    model = AlignedUMAP(n_epochs=20, **parameters).fit([GOOD, GOOD[:, :2]], relations=[SAME])
    assert all(np.isfinite(layout).all() for layout in model.embeddings_)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_aligned_umap__takes_fewer_samples_than_neighbors(n):
    """One, two or three samples have a layout."""
    model = AlignedUMAP(n_epochs=10).fit([GOOD[:n], GOOD[:n]], relations=[{0: 0}])
    assert all(np.isfinite(layout).all() for layout in model.embeddings_)


def test_aligned_umap__takes_one_slice():
    """A single slice has a layout, and one may be added to it."""
    model = AlignedUMAP(n_epochs=10).fit([GOOD], relations=[])
    assert [layout.shape for layout in model.embeddings_] == [(20, 2)]
    model.update(GOOD, relations=SAME)
    assert all(np.isfinite(layout).all() for layout in model.embeddings_)
    assert model.n_models_ == 2


def test_aligned_umap__takes_what_holds_numbers(iris):
    """Objects that are numbers, tensors that track gradients and bfloat16 are tables; slices may differ in width."""
    slices, relations = iris
    tensor = torch.tensor(slices[1], dtype=torch.float32)
    expected = AlignedUMAP(n_epochs=5).fit(slices[:2], relations=relations[:1])
    for other in (slices[1].astype(object), tensor.clone().requires_grad_(), tensor.tolist()):
        model = AlignedUMAP(n_epochs=5).fit([slices[0], other], relations=relations[:1])
        np.testing.assert_array_equal(model.embeddings_[1], expected.embeddings_[1])
    model.update(tensor.bfloat16()[:, :3], relations={})
    assert np.isfinite(model.embeddings_[-1]).all()

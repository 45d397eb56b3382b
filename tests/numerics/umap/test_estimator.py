"""AlignedUMAP as an estimator: umap-learn's parameters, scikit-learn's conventions, random states."""

import inspect

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from tb_neuromapper.numerics.umap.aligned_umap import AlignedUMAP
from tests.numerics.umap.tables import import_umap


def test_aligned_umap__has_umap_learns_parameters():
    """Names, order and defaults of the constructor are umap-learn's; engine comes last."""
    ours = inspect.signature(AlignedUMAP.__init__).parameters
    theirs = inspect.signature(import_umap().AlignedUMAP.__init__).parameters
    assert list(ours) == [*theirs, "engine"]
    assert all(ours[name].default == theirs[name].default for name in theirs)


def test_aligned_umap__keeps_scikit_learns_conventions(iris):
    """clone, get_params and set_params work; fit does not change parameters; the seed decides."""
    slices, relations = iris
    model = AlignedUMAP(n_neighbors=7, random_state=3, n_epochs=20)
    before = model.get_params()
    first = clone(model).fit(slices, relations=relations).embeddings_
    second = model.fit(slices, relations=relations).embeddings_
    assert model.get_params() == before
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
    assert model.set_params(min_dist=0.5).min_dist == 0.5
    assert repr(AlignedUMAP(n_neighbors=7)) == "AlignedUMAP(n_neighbors=7)"
    with pytest.raises(ValueError, match="no parameter"):
        model.set_params(neighbours=3)


def test_aligned_umap__is_an_estimator(iris):
    """scikit-learn's checks and tags take it; an update before the fit is its NotFittedError."""
    slices, relations = iris
    model = AlignedUMAP(n_epochs=5)
    with pytest.raises(NotFittedError):
        check_is_fitted(model)
    with pytest.raises(NotFittedError, match="call fit before"):
        model.update(slices[0], relations={})
    check_is_fitted(model.fit(slices[:2], relations=relations[:1]))
    assert get_tags(model).requires_fit

    class Mine(AlignedUMAP):
        pass

    assert repr(Mine(n_epochs=5)) == "Mine(n_epochs=5)"


def test_aligned_umap__takes_a_random_state(iris):
    """A RandomState is drawn from once, as a generator would be."""
    slices, relations = iris
    runs = [
        AlignedUMAP(n_epochs=5, random_state=np.random.RandomState(seed)).fit_transform(slices, relations=relations)
        for seed in (0, 0, 1)
    ]
    np.testing.assert_array_equal(runs[0][0], runs[1][0])
    assert not np.array_equal(runs[0][0], runs[2][0])


def test_aligned_umap__draws_its_seed_at_every_fit(iris):
    """A new random_state decides the next fit; an update keeps the fit's seed."""
    slices, relations = iris

    def fit(model):
        return model.fit(slices[:2], relations=relations[:1]).embeddings_[0]

    expected = fit(AlignedUMAP(n_epochs=5, random_state=np.random.RandomState(1)))
    model = AlignedUMAP(n_epochs=5, random_state=np.random.RandomState(0))
    assert not np.array_equal(fit(model), expected)
    np.testing.assert_array_equal(fit(model.set_params(random_state=np.random.RandomState(1))), expected)
    assert not np.array_equal(fit(model), expected)

"""Layouts of samples that come and go, of equal and of few samples, at extreme parameters."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tb_neuromapper.numerics.layout.aligned import extend_layout, fit_layout
from tb_neuromapper.numerics.types import LayoutParameters, Neighbors
from tests.numerics.layout.slices import neighbors_of, slices_and_relations


@given(slices_and_relations(), st.integers(2, 6), st.sampled_from([0.0, 0.01, 100.0]))
@settings(max_examples=25, deadline=None)
def test_fit_layout__is_finite_whatever_comes_and_goes(case, n_neighbors, alignment):
    """Samples may come and go and change rows, slices may have a single sample: every position is a number."""
    n_rows, relations = case
    random = np.random.default_rng(0)
    neighbors = neighbors_of([random.normal(size=(n, 3)) for n in n_rows], n_neighbors - 1)
    chosen = LayoutParameters(n_neighbors=n_neighbors, alignment=alignment, n_passes=5)
    layouts = fit_layout(neighbors, chosen, relations=relations)
    assert [layout.shape for layout in layouts] == [(n, 2) for n in n_rows]
    assert all(np.isfinite(layout).all() and np.abs(layout).max() < 1000 for layout in layouts)
    if len(n_rows) > 1:
        new = extend_layout(neighbors, layouts[:-1], chosen, relations=relations)
        assert new.shape == (n_rows[-1], 2)
        assert np.isfinite(new).all()


def test_fit_layout__is_finite_at_any_alignment(fitted):
    """Beyond a million a stronger pull changes nothing, and no strength leaves the range of float32."""
    neighbors = fitted[2]
    layouts = [fit_layout(neighbors, LayoutParameters(alignment=strength, n_passes=5)) for strength in (1e6, 1e300)]
    for one, other in zip(*layouts, strict=True):
        np.testing.assert_array_equal(one, other)
        assert np.isfinite(one).all()


def test_fit_layout__is_nan_only_for_disconnected_samples(fitted):
    """A sample that has no neighbour, and is none, is NaN; no other is."""
    near = fitted[2][0]
    ids = np.where(near.ids == 7, -1, near.ids)
    ids[7] = -1
    layout = fit_layout([Neighbors(ids, near.dists)], LayoutParameters(n_passes=20))[0]
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(layout).any(axis=1)), [7])


@pytest.mark.parametrize(
    "features",
    [
        np.ones((40, 3)),
        np.zeros((1, 3)),
        np.zeros((2, 3)),
        np.repeat(np.eye(3), 20, axis=0),
        np.vstack([np.zeros((30, 2)), 1e6 * np.ones((30, 2))]),
        np.arange(50.0)[:, None] * 1e-20,
        np.arange(50.0)[:, None] * 1e18,
        np.arange(50.0)[:, None] * 1e-45,
        np.arange(50.0)[:, None] * 6e36,
        np.where(np.arange(50) == 7, 1e30, np.arange(50.0))[:, None],
    ],
    ids=[
        "constant",
        "one sample",
        "two samples",
        "duplicates",
        "two far groups",
        "tiny",
        "huge",
        "tiniest",
        "hugest",
        "one far",
    ],
)
def test_fit_layout__takes_degenerate_points(features):
    """Constant activations, duplicates, one sample: a layout of finite numbers, samples not all in one place."""
    neighbors = neighbors_of([features, features])
    layouts = fit_layout(neighbors, LayoutParameters(n_passes=50))
    for layout in layouts:
        assert np.isfinite(layout).all()
        if len(features) > 2:
            assert len(np.unique(layout, axis=0)) == len(features)


def test_fit_layout__ignores_missing_neighbors_wherever_they_stand(fitted):
    """A missing neighbour in the middle of a list is the same as one at its end."""
    near = fitted[2][0]
    gaps = np.arange(300) % 13
    middle = near.ids.copy()
    middle[np.arange(300), gaps] = -1
    order = np.argsort(middle < 0, axis=1, kind="stable")
    end = np.take_along_axis(middle, order, axis=1)
    chosen = LayoutParameters(n_passes=5)
    first = fit_layout([Neighbors(middle, near.dists)], chosen)[0]
    second = fit_layout([Neighbors(end, np.take_along_axis(near.dists, order, axis=1))], chosen)[0]
    np.testing.assert_allclose(first, second, atol=1e-4)

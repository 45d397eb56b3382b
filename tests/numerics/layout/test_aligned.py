"""What an aligned layout does: faithful, coherent, follows its samples."""

from itertools import pairwise

import numpy as np
import pytest

from tb_neuromapper.numerics.layout.aligned import N_PASSES_SMALL, fit_layout
from tb_neuromapper.numerics.neighbors.find import find_neighbors
from tb_neuromapper.numerics.quality.layout_quality import measure_quality
from tb_neuromapper.numerics.types import LayoutCancelled, LayoutParameters
from tests.numerics.layout.slices import clusters, neighbors_of, radius


def test_fit_layout__keeps_neighbours_together(fitted):
    """Every slice's layout is trustworthy and keeps most neighbours of separate clusters."""
    slices, _, neighbors, layouts = fitted
    for features, near, layout in zip(slices, neighbors, layouts, strict=True):
        quality = measure_quality(features, near, layout, None)
        assert quality.trustworthiness > 0.95
        assert quality.continuity > 0.95
        assert quality.preservation > 0.5


def test_fit_layout__moves_less_than_separate_layouts(fitted):
    """The pull between slices makes samples move less than without it."""
    slices, _, neighbors, layouts = fitted
    separate = fit_layout(neighbors, LayoutParameters(alignment=0.0))
    moved = [
        np.mean([np.linalg.norm(b - a, axis=1).mean() / radius(b) for a, b in pairwise(run)])
        for run in (layouts, separate)
    ]
    assert moved[0] < 0.5 * moved[1]
    assert len(slices) == len(layouts)


def test_fit_layout__moves_samples_that_truly_move():
    """Samples planted into another cluster halfway go there, the others stay."""
    slices, labels = clusters(n_slices=6, n=300)
    movers = np.flatnonzero(labels == 0)[:10]
    targets = np.flatnonzero(labels == 1)[:10]
    for t in (3, 4, 5):
        slices[t][movers] = slices[t][targets] + 0.01
    layouts = fit_layout(neighbors_of(slices), LayoutParameters())
    steps = np.linalg.norm(layouts[3] - layouts[2], axis=1)
    others = np.setdiff1d(np.arange(300), movers)
    assert np.median(steps[movers]) > 10 * np.median(steps[others])
    home = np.array([layouts[4][labels == c].mean(axis=0) for c in range(6)])
    nearest_home = np.linalg.norm(layouts[4][movers][:, None] - home, axis=2).argmin(axis=1)
    assert (nearest_home == 1).mean() >= 0.9


def test_fit_layout__honours_min_dist(fitted):
    """A larger min_dist spreads neighbours further apart."""
    _, _, neighbors, layouts = fitted
    wide = fit_layout(neighbors, LayoutParameters(min_dist=0.9))

    def gap(layout):
        return np.median(find_neighbors(layout, n_neighbors=1).dists) / radius(layout)

    assert gap(wide[0]) > 1.5 * gap(layouts[0])


def test_fit_layout__uses_a_prefix_of_stored_neighbors(fitted):
    """Stored neighbours beyond n_neighbors - 1 change nothing."""
    _, _, neighbors, layouts = fitted
    more = [find_neighbors(features, n_neighbors=25) for features in fitted[0]]
    again = fit_layout(more, LayoutParameters())
    for a, b in zip(layouts, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert neighbors[0].ids.shape[1] == 14


def test_fit_layout__restarts_where_it_was(fitted):
    """From a present layout, new parameters change it without turning or mirroring it."""
    _, _, neighbors, layouts = fitted
    again = fit_layout(neighbors, LayoutParameters(min_dist=0.3), init=layouts)
    for a, b in zip(layouts, again, strict=True):
        assert np.linalg.norm(a - b, axis=1).mean() < 0.25 * radius(a)


def test_fit_layout__reports_progress(fitted):
    """The start and intermediate layouts are reported, with the passes done."""
    _, _, neighbors, layouts = fitted
    seen = []
    fit_layout(neighbors, LayoutParameters(), on_progress=lambda p: seen.append((p.n_done, p.n_total, p.positions)))
    assert seen[0][0] == 0
    assert seen[0][1] == N_PASSES_SMALL
    assert [p.shape for p in seen[0][2]] == [layout.shape for layout in layouts]
    assert all(a[0] < b[0] for a, b in pairwise(seen))


@pytest.mark.parametrize("n_questions", [0, 3, 20])
def test_fit_layout__can_be_cancelled(fitted, n_questions):
    """should_stop is asked in every stage, and cancels."""
    asked = []

    def should_stop():
        asked.append(None)
        return len(asked) > n_questions

    with pytest.raises(LayoutCancelled):
        fit_layout(fitted[2], LayoutParameters(), should_stop=should_stop)
    assert len(asked) == n_questions + 1


def test_fit_layout__follows_samples_that_change_rows(fitted):
    """Reversed rows and a relation that says so: the same layout quality and coherence as in place."""
    slices, _, _, _ = fitted
    shuffled = [features[::-1].copy() if t % 2 else features for t, features in enumerate(slices)]
    relations = [np.arange(300)[::-1]] * (len(slices) - 1)
    layouts = fit_layout(neighbors_of(shuffled), LayoutParameters(), relations=relations)
    steps = np.linalg.norm(layouts[0] - layouts[1][::-1], axis=1)
    assert steps.mean() < 0.2 * radius(layouts[0])

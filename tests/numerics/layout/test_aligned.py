"""What an aligned layout does: faithful, coherent, repeatable, live."""

import os
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tb_neuromapper.numerics.layout.aligned import N_PASSES_SMALL, extend_layout, fit_layout
from tb_neuromapper.numerics.neighbors.find import find_neighbors
from tb_neuromapper.numerics.quality.layout_quality import measure_quality
from tb_neuromapper.numerics.types import LayoutCancelled, LayoutParameters, Neighbors
from tests.numerics.layout.test_graph import slices_and_relations


def clusters(n_slices=5, n=300, n_clusters=6, seed=0):
    """Slices of clusters whose axes drift from slice to slice, and the labels."""
    random = np.random.default_rng(seed)
    labels = np.arange(n) % n_clusters
    local = random.normal(size=(n, 8))
    centres = 5 * random.normal(size=(n_clusters, 8))
    drifts = [np.eye(8) + 0.1 * t * random.normal(size=(8, 8)) for t in range(n_slices)]
    return [((local + centres[labels]) @ drift).astype(np.float32) for drift in drifts], labels


def neighbors_of(slices, k=14):
    return [find_neighbors(features, n_neighbors=k) for features in slices]


def radius(layout):
    return np.sqrt(((layout - layout.mean(axis=0)) ** 2).sum(axis=1).mean())


@pytest.fixture(scope="module")
def fitted():
    slices, labels = clusters()
    neighbors = neighbors_of(slices)
    return slices, labels, neighbors, fit_layout(neighbors, LayoutParameters())


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


def test_fit_layout__follows_samples_that_change_rows(fitted):
    """Reversed rows and a relation that says so: the same layout quality and coherence as in place."""
    slices, _, _, _ = fitted
    shuffled = [features[::-1].copy() if t % 2 else features for t, features in enumerate(slices)]
    relations = [np.arange(300)[::-1]] * (len(slices) - 1)
    layouts = fit_layout(neighbors_of(shuffled), LayoutParameters(), relations=relations)
    steps = np.linalg.norm(layouts[0] - layouts[1][::-1], axis=1)
    assert steps.mean() < 0.2 * radius(layouts[0])


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


def test_extend_layout__leaves_the_others_and_stays_near(fitted):
    """A new slice lies as well as in a joint fit, and near the slice before."""
    slices, _, neighbors, layouts = fitted
    before = [layout.copy() for layout in layouts[:-1]]
    new = extend_layout(neighbors[1:], layouts[1:-1], LayoutParameters())
    for a, b in zip(before, layouts[:-1], strict=True):
        np.testing.assert_array_equal(a, b)
    joint = measure_quality(slices[-1], neighbors[-1], layouts[-1], layouts[-2])
    live = measure_quality(slices[-1], neighbors[-1], new, layouts[-2])
    assert live.trustworthiness > joint.trustworthiness - 0.02
    assert live.preservation > joint.preservation - 0.05
    assert live.movement < 2 * joint.movement


def test_extend_layout__places_newcomers_beside_their_neighbours(fitted):
    """Samples that were not there before start, and stay, with their cluster."""
    slices, labels, neighbors, layouts = fitted
    link = np.where(np.arange(300) < 250, np.arange(300), -1)
    new = extend_layout(neighbors[:2], layouts[:1], LayoutParameters(), relations=[link])
    home = np.array([new[:250][labels[:250] == c].mean(axis=0) for c in range(6)])
    found = np.linalg.norm(new[250:, None] - home, axis=2).argmin(axis=1)
    assert (found == labels[250:]).all()
    assert len(slices[1]) == len(new)


_PROGRAM = """
import sys, hashlib
import numpy as np
from tests.numerics.layout.test_aligned import clusters, neighbors_of
from tb_neuromapper.numerics.layout.aligned import extend_layout, fit_layout
from tb_neuromapper.numerics.types import LayoutParameters
slices, _ = clusters(n_slices=10, n=200)
neighbors = neighbors_of(slices)
parameters = LayoutParameters(seed=4, n_passes=30)
layouts = fit_layout(neighbors, parameters)
layouts.append(extend_layout(neighbors[-3:], layouts[-3:-1], parameters))
layouts += fit_layout(neighbors, parameters, init=layouts[:10])
print(hashlib.sha256(b"".join(layout.tobytes() for layout in layouts)).hexdigest())
"""


def test_layouts__are_the_same_bytes_on_any_number_of_threads():
    """New processes with one, two and three threads, of ours and of the matrix library, give the same bytes."""
    digests = set()
    for n in ("1", "2", "3"):
        environment = {**os.environ, "NUMBA_NUM_THREADS": n, "OPENBLAS_NUM_THREADS": n}
        command = [sys.executable, "-c", _PROGRAM]
        digests.add(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)
    assert len(digests) == 1


def test_fit_layout__changes_with_the_seed(fitted):
    """Another seed gives another layout."""
    _, _, neighbors, layouts = fitted
    other = fit_layout(neighbors, LayoutParameters(seed=1))
    assert not np.array_equal(layouts[0], other[0])


def test_fit_layout__may_run_in_several_threads_at_once(fitted):
    """Concurrent layouts neither abort the process nor disturb one another."""
    from concurrent.futures import ThreadPoolExecutor

    _, _, neighbors, _ = fitted
    parameters = LayoutParameters(n_passes=20)
    alone = fit_layout(neighbors, parameters)
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda _: fit_layout(neighbors, parameters), range(4)))
    for run in runs:
        for a, b in zip(alone, run, strict=True):
            np.testing.assert_array_equal(a, b)


IDS = np.array([[1], [0]], np.int32)
DISTS = np.ones((2, 1), np.float32)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_neighbors": 1}, "2 or more"),
        ({"min_dist": 1.5}, "between 0 and spread"),
        ({"spread": -1.0}, "spread"),
        ({"alignment": -1.0}, "alignment"),
        ({"alignment": np.nan}, "alignment"),
        ({"window": -1}, "window"),
        ({"n_passes": 0}, "n_passes"),
        ({"seed": -1}, "seed"),
    ],
)
def test_fit_layout__refuses_bad_parameters_in_words(parameters, message):
    """A parameter that cannot be used is named, with what is allowed."""
    with pytest.raises(ValueError, match=message):
        fit_layout([Neighbors(IDS, DISTS)], LayoutParameters(**parameters))


@pytest.mark.parametrize(
    ("neighbors", "message"),
    [
        ([], "no slices"),
        ([Neighbors(IDS, DISTS), Neighbors(IDS[:0], DISTS[:0])], "slice 1 is empty"),
        ([Neighbors(IDS, DISTS[:1])], "slice 0 has neighbour ids"),
        ([Neighbors(IDS + 1, DISTS)], "neighbour 2"),
        ([Neighbors(IDS - 2, DISTS)], "neighbour -2"),
        ([Neighbors(IDS, DISTS * np.nan)], "row 0 of slice 0"),
        ([Neighbors(IDS, DISTS * np.inf)], "row 0 of slice 0"),
        ([Neighbors(IDS, -DISTS)], "negative"),
    ],
)
def test_fit_layout__refuses_bad_neighbors_in_words(neighbors, message):
    """Empty slices, ids that are no rows and distances that are no numbers are named by slice and row."""
    with pytest.raises(ValueError, match=message):
        fit_layout(neighbors, LayoutParameters())


def test_fit_layout__refuses_bad_init_in_words():
    """A present layout of the wrong shape, or infinite, is refused."""
    near = Neighbors(IDS, DISTS)
    for init, message in (([], "0 layouts"), ([np.zeros((3, 2))], "shape"), ([np.full((2, 2), np.inf)], "infinite")):
        with pytest.raises(ValueError, match=message):
            fit_layout([near], LayoutParameters(), init=init)
    with pytest.raises(ValueError, match="2 layouts"):
        extend_layout([near, near], [np.zeros((2, 2))] * 2, LayoutParameters())

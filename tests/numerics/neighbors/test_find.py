"""Nearest neighbours against sorting all distances, and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tb_neuromapper.numerics.neighbors import approximate as approximate_search
from tb_neuromapper.numerics.neighbors.approximate import search_approximate
from tb_neuromapper.numerics.neighbors.exact import search_exact
from tb_neuromapper.numerics.neighbors.find import METRICS, find_neighbors
from tb_neuromapper.numerics.threads import Threads
from tb_neuromapper.numerics.types import LayoutCancelled
from tests import reference


def draw(n, d, seed=0):
    """Random features, float32 (n, d)."""
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "correlation", "manhattan", "chebyshev"])
def test_find_neighbors__matches_full_sort(metric):
    """Exact search finds the neighbours that sorting all distances finds."""
    features = draw(60, 7)
    found = find_neighbors(features, n_neighbors=9, metric=metric)
    ids, dists = reference.nearest(features, 9, metric)
    np.testing.assert_array_equal(found.ids, ids)
    np.testing.assert_allclose(found.dists, dists, rtol=2e-4, atol=1e-6)
    assert found.ids.dtype == np.int32
    assert found.dists.dtype == np.float32


@given(st.integers(1, 40), st.integers(1, 4), st.integers(1, 12), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_find_neighbors__breaks_ties_by_row(n, d, k, seed):
    """On a small grid, where most distances are equal, the order is by (distance, row)."""
    features = np.random.default_rng(seed).integers(0, 3, (n, d))
    found = find_neighbors(features, n_neighbors=k)
    ids, dists = reference.nearest(features, min(k, n - 1))
    np.testing.assert_array_equal(found.ids, np.array(ids, dtype=int).reshape(n, -1))
    np.testing.assert_allclose(found.dists, np.array(dists, dtype=float).reshape(n, -1), rtol=1e-6)


def test_find_neighbors__is_exact_over_several_tiles():
    """Rows that meet in different tiles, as rows and as columns, find the same as one scan of all pairs."""
    features = draw(2300, 5)
    found = find_neighbors(features, n_neighbors=6)
    squares = ((features[:, None].astype(np.float64) - features[None]) ** 2).sum(axis=2)
    np.fill_diagonal(squares, np.inf)
    np.testing.assert_array_equal(found.ids, np.argsort(squares, axis=1, kind="stable")[:, :6])


def test_find_neighbors__survives_rounding_far_from_the_origin():
    """Points whose norm is a million times their spacing keep their neighbours."""
    features = np.arange(50, dtype=np.float32)[:, None] * 0.5 + np.float32(1e6)
    found = find_neighbors(features, n_neighbors=2)
    assert set(found.ids[25]) == {24, 26}


@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "chebyshev", "cosine"])
@pytest.mark.parametrize("unit", [1e-36, 1e-20, 1e18, 1e36])
def test_find_neighbors__does_not_depend_on_the_unit(metric, unit):
    """Points so small or large that their squares leave float32 have the same neighbours."""
    features = draw(40, 3).astype(np.float64)
    found, scaled = (find_neighbors(table, n_neighbors=5, metric=metric) for table in (features, features * unit))
    np.testing.assert_array_equal(found.ids, scaled.ids)
    if metric != "cosine":
        np.testing.assert_allclose(found.dists, scaled.dists / unit, rtol=1e-5)


@pytest.mark.parametrize("far", [1e6, 1e12, 1e20, 1e30])
def test_find_neighbors__are_right_beside_one_far_sample(far):
    """One sample far from the others, however far, leaves these their neighbours."""
    features = draw(60, 5)
    others = find_neighbors(features[:-1], n_neighbors=10)
    features[-1] = far
    found = find_neighbors(features, n_neighbors=10)
    np.testing.assert_array_equal(found.ids[:-1], others.ids)
    np.testing.assert_allclose(found.dists[:-1], others.dists, rtol=1e-5)


def test_find_neighbors__puts_duplicates_first_in_row_order():
    """A hundred copies of one point are each other's neighbours at distance 0, lowest rows first."""
    features = np.vstack([draw(50, 3), np.tile(draw(1, 3, 1), (100, 1))])
    found = find_neighbors(features, n_neighbors=5)
    np.testing.assert_array_equal(found.ids[149], [50, 51, 52, 53, 54])
    np.testing.assert_array_equal(found.ids[50], [51, 52, 53, 54, 55])
    np.testing.assert_array_equal(found.dists[50:], 0)


def test_find_neighbors__takes_constant_points():
    """Constant activations have neighbours, all at distance 0."""
    for metric in ("euclidean", "cosine", "correlation", "manhattan"):
        found = find_neighbors(np.ones((30, 4)), n_neighbors=3, metric=metric)
        np.testing.assert_array_equal(found.ids[29], [0, 1, 2])
        np.testing.assert_allclose(found.dists, 0, atol=1e-6)


def test_find_neighbors__puts_zero_rows_together_in_cosine():
    """Rows of zero length are at 0 from one another and at 1 from the rest."""
    features = np.vstack([draw(5, 3), np.zeros((3, 3))])
    found = find_neighbors(features, n_neighbors=7, metric="cosine")
    np.testing.assert_array_equal(found.ids[5, :2], [6, 7])
    np.testing.assert_allclose(found.dists[5], [0, 0, 1, 1, 1, 1, 1], atol=1e-6)


@pytest.mark.parametrize("n", [1, 2, 4])
def test_find_neighbors__returns_fewer_columns_for_few_samples(n):
    """Fewer samples than n_neighbors: as many columns as there are other samples."""
    found = find_neighbors(draw(n, 3), n_neighbors=14)
    assert found.ids.shape == found.dists.shape == (n, n - 1)


@pytest.mark.parametrize(
    ("features", "arguments", "message"),
    [
        (np.array([[0.0], [np.nan]]), {}, "row 1"),
        (np.array([[np.inf], [0.0]]), {}, "row 0"),
        (np.array([[1e300], [0.0]]), {}, "row 0"),
        (np.zeros((0, 3)), {}, "at least one row"),
        (np.zeros((3, 0)), {}, "at least one row and one column"),
        (np.zeros(3), {}, "table"),
        (np.array([["a"]]), {}, "real numbers"),
        (np.array([[1j]]), {}, "real numbers"),
        (np.array([[1.0], [2.0], [3e38], [4.0]]), {"name": "slice 3"}, r"row 2 of slice 3 reaches 3e\+38"),
        (np.zeros((3, 2)), {"n_neighbors": 0}, "at least 1"),
        (np.zeros((3, 2)), {"metric": "hyperbolic"}, "manhattan"),
        (np.zeros((3, 2)), {"metric": len}, "unknown"),
    ],
)
def test_find_neighbors__refuses_bad_input_in_words(features, arguments, message):
    """What cannot be searched is named."""
    with pytest.raises(ValueError, match=message):
        find_neighbors(features, **{"n_neighbors": 2, **arguments})


def test_find_neighbors__lists_every_metric():
    """Every listed metric works."""
    for metric in METRICS:
        assert find_neighbors(draw(6, 3), n_neighbors=2, metric=metric).ids.shape == (6, 2)


def test_find_neighbors__can_be_cancelled():
    """should_stop cancels the search."""
    with pytest.raises(LayoutCancelled):
        find_neighbors(draw(50, 3), n_neighbors=2, should_stop=lambda: True)


def test_search_approximate__finds_nearly_all():
    """Trees and descent find 97 % of the neighbours of clustered samples, in order, with exact distances."""
    features = draw(3000, 20) + 4 * draw(30, 20, 1)[np.arange(3000) % 30]
    with Threads() as threads:
        found, squares = search_approximate(features, 10, 0, threads)
        true, true_squares = search_exact(features, 10, threads)
    shared = np.mean([len(np.intersect1d(a, b)) / 10 for a, b in zip(found, true, strict=True)])
    assert shared > 0.97
    assert (np.diff(squares, axis=1) >= 0).all()
    assert (squares[:, 0] >= true_squares[:, 0]).all()


def test_search_approximate__has_no_doubles_and_not_itself():
    """Every list holds different rows, none of them its own, even if most rows are equal."""
    features = np.vstack([draw(300, 4), np.zeros((300, 4), np.float32)])
    with Threads() as threads:
        ids, _ = search_approximate(features, 12, 3, threads)
    assert all(len(set(row)) == 12 and i not in row for i, row in enumerate(ids))
    assert ids.max() < 600


def test_search_approximate__does_not_depend_on_threads():
    """One thread or three: the same lists."""
    features = draw(1500, 8)
    results = []
    for n in (1, 3):
        with Threads(n) as threads:
            results.append(search_approximate(features, 8, 1, threads))
    np.testing.assert_array_equal(results[0][0], results[1][0])
    np.testing.assert_array_equal(results[0][1], results[1][1])


def test_meet_leaf__leaves_the_nearest_of_the_leaf():
    """Every row's list holds the nearest of its own leaf, sorted."""
    features = draw(40, 5)
    order, edges = np.random.default_rng(1).permutation(40).astype(np.int32), np.array([0, 18, 40])
    values, rows = np.full((40, 6), np.inf, np.float32), np.full((40, 6), 40, np.int32)
    approximate_search._meet_leaf(0, 2, features, order, edges, values, rows)
    for first, last in ((0, 18), (18, 40)):
        leaf = np.sort(order[first:last])
        ids, dists = reference.nearest(features[leaf], 6)
        np.testing.assert_array_equal(rows[leaf], leaf[ids])
        np.testing.assert_allclose(values[leaf], dists**2, rtol=1e-5)


def test_backward__lists_the_rows_that_name_a_row():
    """The lists are those of a search through all lists; places that hold nothing name nobody."""
    rows = np.random.default_rng(0).integers(0, 31, (30, 5)).astype(np.int32)
    starts, heads = approximate_search._backward(rows, 3)
    for row, expected in enumerate(reference.rows_that_name(rows.tolist(), 3)):
        assert heads[starts[row] : starts[row + 1]].tolist() == expected


def test_meet_neighbors__matches_slow_twin():
    """A round leaves the best of a row's list, its neighbours' and those of the rows that name it."""
    features = draw(60, 4)
    random = np.random.default_rng(2)
    rows = np.array([random.permutation(np.delete(np.arange(60), i))[:30] for i in range(60)], np.int32)
    values = ((features[:, None] - features[rows]) ** 2).sum(axis=2)
    order = np.argsort(values, axis=1, kind="stable")
    rows, values = np.take_along_axis(rows, order, 1), np.take_along_axis(values, order, 1)
    n_forward, n_backward = approximate_search._N_FORWARD, approximate_search._N_BACKWARD
    expected = reference.meet_neighbors(features, rows.tolist(), n_forward, n_backward)
    starts, heads = approximate_search._backward(rows, n_forward)
    n_new = np.zeros(60, np.int64)
    approximate_search._meet_neighbors(0, 60, features, rows.copy(), starts, heads, values, rows, n_new)
    assert rows.tolist() == [[row for _, row in pairs] for pairs in expected]


def test_dot_rows__is_the_product_of_matrices():
    """Heights are the rows' products with the directions."""
    features, directions = draw(20, 6), draw(3, 6, 1)
    heights = np.empty((20, 3), np.float32)
    approximate_search._dot_rows(0, 20, features, directions, heights)
    np.testing.assert_allclose(heights, features.astype(np.float64) @ directions.T, rtol=1e-4, atol=1e-5)

"""Tracks through slices and the merged fuzzy graph, against their slow twins."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tb_neuromapper.numerics.layout.curve import fit_curve
from tb_neuromapper.numerics.layout.graph import build_graph, weigh_neighbors
from tb_neuromapper.numerics.layout.lanes import N_LANES
from tb_neuromapper.numerics.layout.tracks import follow_samples
from tb_neuromapper.numerics.neighbors.find import find_neighbors
from tests import reference
from tests.numerics.layout.slices import slices_and_relations


@given(slices_and_relations())
@settings(max_examples=80, deadline=None)
def test_follow_samples__matches_chains(case):
    """Following the links gives the chains of the same sample, whatever comes and goes."""
    n_rows, relations = case
    tracks = follow_samples(n_rows, relations)
    chains = []
    for flat in np.flatnonzero(tracks.preceding < 0):
        chain = []
        while flat >= 0:
            t = int(np.searchsorted(tracks.slice_starts, flat, side="right")) - 1
            chain.append((t, int(flat - tracks.slice_starts[t])))
            flat = tracks.following[flat]
        chains.append(chain)
    assert chains == reference.follow(n_rows, relations)


@given(slices_and_relations())
@settings(max_examples=80, deadline=None)
def test_follow_samples__gives_every_sample_one_row_per_group(case):
    """Rows and lanes are consistent, and a sample keeps its row within a group of eight slices."""
    n_rows, relations = case
    tracks = follow_samples(n_rows, relations)
    slices = np.repeat(np.arange(len(n_rows)), n_rows)
    for flat, row in enumerate(tracks.rows):
        assert tracks.flats[row, slices[flat] % N_LANES] == flat
        group = slices[flat] // N_LANES
        assert tracks.group_starts[group] <= row < tracks.group_starts[group + 1]
        later = tracks.following[flat]
        if later >= 0 and slices[later] // N_LANES == group:
            assert tracks.rows[later] == row
    assert (tracks.flats >= 0).sum() == sum(n_rows)


@pytest.mark.parametrize(
    ("n_rows", "relations", "message"),
    [
        ([2, 2], [np.array([0, 2])], r"relations\[0\] names row 2, but slice 1 has 2 rows"),
        ([2, 2], [np.array([0, -2])], "names row -2"),
        ([2, 2], [np.array([1, 1])], "row 1 of slice 1 twice"),
        ([2, 2], [np.array([0])], r"shape \(2,\)"),
        ([2, 2], [np.array([0.0, 1.0])], "integers"),
        ([2, 2], [], "0 relations for 2 slices"),
        ([2, 3], None, "without relations"),
    ],
)
def test_follow_samples__refuses_bad_relations_in_words(n_rows, relations, message):
    """Relations to rows that do not exist, and the like, are named."""
    with pytest.raises(ValueError, match=message):
        follow_samples(n_rows, relations)


def test_weigh_neighbors__matches_slow_twin():
    """Directed weights add up to log2(k + 1), as the bisection in float64 has them."""
    features = np.random.default_rng(0).normal(size=(50, 4))
    near = find_neighbors(features, n_neighbors=9)
    weights = weigh_neighbors(near.ids, near.dists)
    np.testing.assert_allclose(weights, [reference.fuzzy_weights(row) for row in near.dists], atol=2e-4)
    np.testing.assert_allclose(weights.sum(axis=1), np.log2(10), atol=1e-3)


@given(slices_and_relations(most_slices=10), st.integers(1, 4))
@settings(max_examples=30, deadline=None)
def test_build_graph__matches_slow_twin(case, k):
    """Every lane of the merged rows holds its slice's symmetric graph, to 1/255 of the largest lane."""
    n_rows, relations = case
    random = np.random.default_rng(0)
    neighbors = [find_neighbors(random.normal(size=(n, 3)), n_neighbors=k) for n in n_rows]
    tracks = follow_samples(n_rows, relations)
    graph = build_graph(neighbors, tracks, [near.ids.shape[1] for near in neighbors], lambda: None)
    for t, near in enumerate(neighbors):
        lane, expected = t % N_LANES, reference.fuzzy_union(near.ids, near.dists)
        found = {}
        for row in range(n_rows[t]):
            layout_row = tracks.rows[tracks.slice_starts[t] + row]
            for edge in range(graph.indptr[layout_row], graph.indptr[layout_row + 1]):
                weight = graph.rates[edge] * graph.shares[edge, lane] / 255
                if weight > 0:
                    found[row, int(tracks.flats[graph.tails[edge], lane] - tracks.slice_starts[t])] = weight
            own = [weight for (i, _), weight in expected.items() if i == row]
            assert graph.visits[layout_row, lane] == pytest.approx(sum(own), abs=0.02)
        for pair in found.keys() | expected.keys():
            assert found.get(pair, 0.0) == pytest.approx(expected.get(pair, 0.0), abs=1 / 190)


def test_fit_curve__is_umap_learns():
    """The default curve is the one that umap-learn fits."""
    a, b = fit_curve(1.0, 0.1)
    assert (a, b) == pytest.approx((1.5769434, 0.8950608), rel=1e-4)


@pytest.mark.parametrize("spread", [0.01, 0.2, 1.5, 30.0, 1000.0])
def test_fit_curve__has_one_shape_at_all_scales(spread):
    """Scaling spread and min_dist scales the curve."""
    a, b = fit_curve(1.0, 0.9)
    assert fit_curve(spread, 0.9 * spread) == pytest.approx((a / spread ** (2 * b), b), rel=1e-6)


@pytest.mark.parametrize(
    ("spread", "min_dist", "message"),
    [
        (1.0, 1.1, "between 0 and spread"),
        (0.0, 0.0, "spread is 0"),
        (1e-6, 0.0, "from 0.01 to 1000"),
        (1e30, 0.1, "from 0.01 to 1000"),
        (1.0, -0.1, "min_dist"),
        (np.nan, 0.1, "spread"),
    ],
)
def test_fit_curve__refuses_bad_parameters(spread, min_dist, message):
    """min_dist above spread and the like are refused in words."""
    with pytest.raises(ValueError, match=message):
        fit_curve(spread, min_dist)

"""The kernels of a pass against their slow twins."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tb_neuromapper.numerics.layout.aligned import same_settings
from tb_neuromapper.numerics.layout.lanes import N_LANES, ROW
from tb_neuromapper.numerics.layout.optimize import align_tracks, move_rows, row_seeds, share_pushes
from tb_neuromapper.numerics.layout.overlaps import measure_overlaps
from tb_neuromapper.numerics.layout.state import LayoutState
from tb_neuromapper.numerics.layout.tracks import follow_samples
from tb_neuromapper.numerics.neighbors.find import find_neighbors
from tb_neuromapper.numerics.threads import Threads
from tb_neuromapper.numerics.types import LayoutParameters
from tests import reference
from tests.numerics.layout.slices import slices_and_relations


def new_state(n_rows, relations, **parameters):
    """A state of random slices, at random places."""
    random = np.random.default_rng(1)
    neighbors = [find_neighbors(random.normal(size=(n, 3)), n_neighbors=4) for n in n_rows]
    chosen = LayoutParameters(n_neighbors=5, **parameters)
    tracks = follow_samples(n_rows, relations)
    state = LayoutState(neighbors, chosen, tracks, same_settings(chosen, len(n_rows)), 0, Threads(1))
    state.place_slices([random.normal(0, 2, (n, 2)).astype(np.float32) for n in n_rows])
    return state


@given(slices_and_relations(), st.integers(0, 3))
@settings(max_examples=20, deadline=None)
def test_move_rows__matches_slow_twin(case, n_pass):
    """A pass in vectors of eight lanes is the pass lane by lane in float64."""
    state = new_state(*case, seed=5)
    start = state._present().copy()
    graph, blocks = state.graph, state.blocks
    state.window = 0
    state._move(np.float32(0.7), n_pass)
    curves = state.curves.reshape(-1, 2, N_LANES).astype(np.float64)
    scales = state.scales.reshape(-1, N_LANES) * 255.0
    sizes = np.diff(state.tracks.group_starts)
    ratios = np.zeros((len(sizes), N_LANES))
    for t, n in enumerate(case[0]):
        ratios[t // N_LANES, t % N_LANES] = 2.5 * sizes[t // N_LANES] / n

    def twin(start):
        return reference.move_rows(start, blocks, graph, curves, scales, ratios.repeat(sizes, 0), 0.7, 5, n_pass)

    expected = twin(start)
    # A row that is pushed from very near goes anywhere: those that the smallest shift sends elsewhere tell nothing.
    shifted = twin(start + np.random.default_rng(0).normal(0, 1e-4, start.shape).astype(np.float32))
    present = (state.tracks.flats >= 0)[:, None, :].repeat(2, axis=1)
    told = present & (np.abs(shifted - expected) < 0.01)
    assert told.sum() >= present.sum() / 3
    # Dozens of steps of up to 4 through a power that is right to 2e-4.
    np.testing.assert_allclose(state._present()[told], expected[told], atol=0.05)


@pytest.mark.parametrize("wanted", [2.5, 60.0, 1e5, 1e12])
def test_share_pushes__draws_a_bounded_number_and_keeps_their_sum(wanted):
    """Number times weight of the random rows is what a lane wants; beyond 64 a visit only the weight grows."""
    graph = new_state([30, 30], None).graph
    weights, counts = share_pushes(graph, np.full((30, N_LANES), wanted, np.float32))
    assert counts.max() <= 64
    rates = np.add.reduceat(graph.rates, graph.indptr[:-1])
    pushed = weights.reshape(-1, N_LANES) / 255 * (counts * rates)[:, None]
    np.testing.assert_allclose(pushed, graph.visits * np.float32(wanted), rtol=1e-5)


@given(slices_and_relations())
@settings(max_examples=30, deadline=None)
def test_align_tracks__matches_slow_twin(case):
    """Every sample goes to the weighted mean of itself in the slices around."""
    state = new_state(*case, alignment=0.3, window=2)
    if state.window == 0:
        return
    tracks, start = state.tracks, state._present().copy()
    chains = (state.heads, tracks.following, tracks.preceding, state.spots, state.pulls)
    step = np.float32(0.6)
    align_tracks(0, len(state.heads), state.places, 0, state.n_rows * ROW, *chains, step * state.strengths, 0)
    state.now = state.n_rows
    overlaps = state.pulls * np.exp(np.arange(state.window))
    for head in state.heads:
        chain = [head]
        while tracks.following[chain[-1]] >= 0:
            chain.append(tracks.following[chain[-1]])
        at = [(state.spots[flat] // ROW, slice(None), state.spots[flat] % ROW) for flat in chain]
        expected = reference.align([start[i] for i in at], overlaps[chain], state.strengths[chain], 0.6)
        np.testing.assert_allclose([state._present()[i] for i in at], expected, rtol=1e-4, atol=1e-5)


@given(st.floats(1e-6, 1.0), st.floats(1.01, 10))
@settings(deadline=None)
def test_pull__grows_with_the_strength(strength, factor):
    """In proportion up to umap-learn's default strength 0.01, more slowly above, and never in a jump."""
    pull, stronger = (
        new_state([6, 6], None, alignment=alignment).strengths[0] for alignment in (strength, factor * strength)
    )
    assert pull < stronger < factor * pull * 1.0001
    if factor * strength <= 0.01:
        assert stronger == pytest.approx(factor * pull, rel=1e-5)
    if strength >= 0.01:
        assert stronger == pytest.approx(factor**0.7 * pull, rel=1e-5)


def test_align_tracks__leaves_the_first_slices():
    """Flat rows before the first that may move keep what the other layout holds, the last go to their mean."""
    state = new_state([6, 6, 6], None, alignment=0.3)
    chains = (state.heads, state.tracks.following, state.tracks.preceding, state.spots, state.pulls)
    align_tracks(0, 6, state.places, 0, state.n_rows * ROW, *chains, state.strengths, 12)
    state.now = state.n_rows
    assert (state._present()[:, :, :2] == 0).all()
    assert (state._present()[:, :, 2] != 0).all()


@given(slices_and_relations(), st.integers(1, 3), st.integers(0, 3))
@settings(max_examples=30, deadline=None)
def test_measure_overlaps__matches_sets(case, window, first_slice):
    """Overlaps are Jaccard indices of sets of samples that both slices have; 0 between slices that do not move."""
    n_rows, relations = case
    random = np.random.default_rng(1)
    neighbors = [find_neighbors(random.normal(size=(n, 3)), n_neighbors=4) for n in n_rows]
    tracks = follow_samples(n_rows, relations)
    ids = [near.ids for near in neighbors]
    n_columns = [near.shape[1] for near in ids]
    overlaps = measure_overlaps(neighbors, tracks, n_columns, window, lambda: None, first_slice)
    for t, first in enumerate(tracks.slice_starts[:-1]):
        for flat in range(first, tracks.slice_starts[t + 1]):
            later = flat
            for o in range(1, window + 1):
                later = tracks.following[later] if later >= 0 else -1
                known = later >= 0 and t + o >= first_slice
                expected = reference.overlap(ids, relations, t, flat - first, o) if known else 0.0
                assert abs(overlaps[flat, o - 1] - expected) < 1e-6


@given(slices_and_relations())
@settings(max_examples=20, deadline=None)
def test_share_pushes__gives_every_lane_its_ratio(case):
    """Over all visits of a row, the weights of the pushes add up to ratio times the visits of each lane."""
    state = new_state(*case)
    graph = state.graph
    ratios = np.random.default_rng(0).uniform(0, 3, (state.n_rows, N_LANES)).astype(np.float32)
    weights, counts = share_pushes(graph, ratios)
    sums = np.array([graph.rates[first:last].sum() for first, last in pairwise(graph.indptr)])
    pushed = weights.reshape(-1, N_LANES) / 255 * (counts * sums)[:, None]
    np.testing.assert_allclose(pushed, graph.visits * ratios, rtol=1e-4, atol=1e-6)


def test_row_seeds__match_slow_twin():
    """Every row's start is the hash of row and seed; seeds of any size are taken."""
    seeds = row_seeds(9, 2**40 + 7)
    expected = [reference.scramble((row + (7 << 32)) * 0x9E3779B97F4A7C15 % 2**64) for row in range(9)]
    assert seeds.tolist() == expected


def test_kernels__are_compiled_functions():
    """The twins above are compared with compiled code, not with Python."""
    for kernel in (move_rows, align_tracks):
        assert kernel.signatures

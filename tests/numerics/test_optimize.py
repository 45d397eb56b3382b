"""The kernels of a pass against their slow twins."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tb_neuromapper.numerics.aligned import same_settings
from tb_neuromapper.numerics.lanes import N_LANES
from tb_neuromapper.numerics.layout_state import LayoutState
from tb_neuromapper.numerics.neighbors import find_neighbors
from tb_neuromapper.numerics.optimize import align_tracks, move_rows, overlap_tracks
from tb_neuromapper.numerics.threads import Threads
from tb_neuromapper.numerics.tracks import follow_samples
from tb_neuromapper.numerics.types import LayoutParameters
from tests import reference
from tests.numerics.test_graph import slices_and_relations


def new_state(n_rows, relations, threads, **parameters):
    """A state of random slices, at random places."""
    random = np.random.default_rng(1)
    neighbors = [find_neighbors(random.normal(size=(n, 3)), n_neighbors=4) for n in n_rows]
    chosen = LayoutParameters(n_neighbors=5, **parameters)
    tracks = follow_samples(n_rows, relations)
    state = LayoutState(neighbors, chosen, tracks, same_settings(chosen, len(n_rows)), 0, threads)
    state.place_slices([random.normal(0, 2, (n, 2)).astype(np.float32) for n in n_rows])
    return state, neighbors


@given(slices_and_relations(), st.integers(0, 3))
@settings(max_examples=20, deadline=None)
def test_move_rows__matches_slow_twin(case, n_pass):
    """A pass in vectors of eight lanes is the pass lane by lane in float64."""
    with Threads() as threads:
        state, _ = new_state(*case, threads)
    start = state._present().copy()
    graph, blocks = state.graph, state.blocks
    edges = (graph.indptr, graph.tails, graph.rates, graph.shares, graph.visits)
    step, seed = np.float32(0.7), np.uint32(5)
    forces = (state.curves, state.scales, state.ratios, step, seed, n_pass)
    move_rows(0, len(blocks), state.places, 0, state.n_rows, blocks, *edges, *forces)
    state.now = state.n_rows
    curves = state.curves.reshape(-1, 2, N_LANES).astype(np.float64)
    scales = state.scales.reshape(-1, N_LANES) * 255.0
    expected = reference.move_rows(start, blocks, graph, curves, scales, state.ratios, 0.7, 5, n_pass)
    present = (state.tracks.flats >= 0)[:, None, :].repeat(2, axis=1)
    # Steps of up to 4 through a power that is right to 2e-4.
    np.testing.assert_allclose(state._present()[present], expected[present], atol=0.02)


@given(slices_and_relations())
@settings(max_examples=30, deadline=None)
def test_align_tracks__matches_slow_twin(case):
    """Every sample goes to the weighted mean of itself in the slices around."""
    with Threads() as threads:
        state, _ = new_state(*case, threads, alignment=0.3, window=2)
    if state.window == 0:
        return
    tracks, start = state.tracks, state._present().copy()
    chains = (state.heads, tracks.following, state.slices, tracks.rows, state.overlaps, state.strengths)
    align_tracks(0, len(state.heads), state.places, 0, state.n_rows, *chains, np.float32(0.6), 0)
    state.now = state.n_rows
    for head in state.heads:
        chain = [head]
        while tracks.following[chain[-1]] >= 0:
            chain.append(tracks.following[chain[-1]])
        at = [(tracks.rows[flat], slice(None), state.slices[flat] % N_LANES) for flat in chain]
        expected = reference.align([start[i] for i in at], state.overlaps[chain], state.strengths[chain], 0.6)
        np.testing.assert_allclose([state._present()[i] for i in at], expected, rtol=1e-4, atol=1e-5)


@given(slices_and_relations())
@settings(max_examples=30, deadline=None)
def test_overlap_tracks__matches_sets(case):
    """Overlaps are Jaccard indices of sets of samples that both slices have."""
    n_rows, relations = case
    with Threads() as threads:
        state, neighbors = new_state(n_rows, relations, threads, window=3)
    if state.window == 0:
        return
    ids = [near.ids for near in neighbors]
    for flat, t in enumerate(state.slices):
        later = flat
        for o in range(1, state.window + 1):
            later = state.tracks.following[later] if later >= 0 else -1
            row = flat - state.tracks.starts[t]
            expected = reference.overlap(ids, relations, t, row, o) if later >= 0 else 0.0
            assert abs(state.overlaps[flat, o - 1] - expected) < 1e-6


def test_kernels__are_compiled_functions():
    """The twins above are compared with compiled code, not with Python."""
    for kernel in (move_rows, align_tracks, overlap_tracks):
        assert kernel.signatures

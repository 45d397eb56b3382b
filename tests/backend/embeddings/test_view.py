"""Facts about the embeddings screen's pure functions."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tb_neuromapper.backend.embeddings.view import bounds, extent_around, quantize

COORDINATES = st.floats(-1e4, 1e4, width=32)
POINTS = st.lists(st.tuples(COORDINATES, COORDINATES), min_size=1, max_size=30).map(
    lambda values: np.array(values, np.float32)
)


@given(POINTS)
def test_quantize__is_exact_to_one_quantum(positions):
    """Positions come back within half a quantum of the extent."""
    extent = extent_around([bounds(positions)], None)
    quanta = quantize(positions, extent)
    side = extent[2] - extent[0]
    back = np.array(extent[:2]) + quanta / 65535 * side
    assert np.abs(back - positions).max() <= side / 65535 / 2 + 1e-3
    assert quanta.max() <= 65534


def test_quantize__marks_missing_positions():
    """NaN becomes 65535 in both coordinates."""
    positions = np.array([[0, 0], [np.nan, 1]], np.float32)
    assert quantize(positions, (0, 0, 1, 1)).tolist() == [[0, 0], [65535, 65535]]


@given(st.lists(POINTS, min_size=1, max_size=5))
def test_extent_around__holds_all_slices(slices):
    """The extent is a square around every slice."""
    extent = extent_around([bounds(positions) for positions in slices], None)
    for positions in slices:
        assert (positions >= np.array(extent[:2]) - 1e-3).all()
        assert (positions <= np.array(extent[2:]) + 1e-3).all()
    assert np.isclose(extent[2] - extent[0], extent[3] - extent[1])


def test_extent_around__keeps_the_present_extent_while_it_fits():
    """A new step inside the present extent does not make the view jump; one outside, or a much smaller one, does."""
    present = extent_around([(-1, -1, 1, 1)], None)
    assert extent_around([(-1, -1, 1, 1), (0, 0, 1.05, 1)], present) == present
    assert extent_around([(-1, -1, 1, 1), (0, 0, 3, 1)], present) != present
    assert extent_around([(0, 0, 0.1, 0.1)], present) != present

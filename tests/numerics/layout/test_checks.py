"""What a layout refuses."""

import numpy as np
import pytest

from tb_neuromapper.numerics.layout.aligned import extend_layout, fit_layout
from tb_neuromapper.numerics.types import LayoutParameters, Neighbors

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

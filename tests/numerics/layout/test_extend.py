"""One more slice beside a layout: live epochs."""

import numpy as np

from tb_neuromapper.numerics.layout.aligned import extend_layout
from tb_neuromapper.numerics.quality.layout_quality import measure_quality
from tb_neuromapper.numerics.types import LayoutParameters


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

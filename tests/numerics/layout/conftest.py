"""One joint layout for all tests that only look at it."""

import pytest

from tb_neuromapper.numerics.layout.aligned import fit_layout
from tb_neuromapper.numerics.types import LayoutParameters
from tests.numerics.layout.slices import clusters, neighbors_of


@pytest.fixture(scope="package")
def fitted():
    """Five slices of clusters: features, labels, neighbours and their layouts."""
    slices, labels = clusters()
    neighbors = neighbors_of(slices)
    return slices, labels, neighbors, fit_layout(neighbors, LayoutParameters())

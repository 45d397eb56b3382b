"""Compile every kernel before the first layout is asked for."""

from __future__ import annotations

import numpy as np

from tb_neuromapper.numerics.layout.aligned import extend_layout, fit_layout
from tb_neuromapper.numerics.neighbors.find import find_neighbors
from tb_neuromapper.numerics.quality.layout_quality import measure_quality
from tb_neuromapper.numerics.types import LayoutParameters

# More than one tile of the search, so that its columns are scanned too.
_N = 1100


def warm_up() -> None:
    """Run neighbours, layout, extension and quality once on a thousand samples; compiled kernels are cached on disk."""
    features = [np.random.default_rng(t).normal(size=(_N, 4)).astype(np.float32) for t in range(2)]
    parameters = LayoutParameters(n_neighbors=5, n_passes=1)
    neighbors = [find_neighbors(table, n_neighbors=4) for table in features]
    layout = fit_layout(neighbors, parameters)
    extend_layout(neighbors, layout[:1], parameters)
    measure_quality(features[1], neighbors[1], layout[1], layout[0])

"""Lay out a sequence of slices so that a sample moves only when its neighbours do.

The forces are UMAP's; the pull between slices is AlignedUMAP's; how both are computed is ours (docs/layouts.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tb_neuromapper.numerics.layout.checks import check_all_neighbors, check_parameters, check_positions
from tb_neuromapper.numerics.layout.curve import fit_curve
from tb_neuromapper.numerics.layout.state import LayoutState, SliceSettings
from tb_neuromapper.numerics.layout.tracks import follow_samples
from tb_neuromapper.numerics.threads import Threads
from tb_neuromapper.numerics.types import FloatArray, IntArray, LayoutParameters, LayoutProgress, Neighbors

# umap-learn does 200 passes from a step of 1. From a spectral start shared by all slices, a smaller first step keeps
# more neighbours in as many; few samples need more passes and can afford them (docs/layouts.md).
N_PASSES = 200
N_PASSES_SMALL = 700
N_RESTART_PASSES = 100
_SMALL = 2_000
_FIRST_STEP = 0.3


def fit_layout(
    neighbors: Sequence[Neighbors],
    parameters: LayoutParameters,
    *,
    relations: Sequence[IntArray] | None = None,
    init: Sequence[FloatArray] | None = None,
    settings: SliceSettings | None = None,
    on_progress: Callable[[LayoutProgress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> list[FloatArray]:
    """Lay out all slices together.

    Args:
        neighbors: T slices; slice t has N_t rows. Columns beyond `parameters.n_neighbors - 1` are not used.
        parameters: What shapes the layout.
        relations: T - 1 arrays (N_t,); the sample's row in slice t + 1, or -1 if absent. None if all slices hold
            the same samples in the same rows.
        init: Present layout to restart from, T arrays (N_t, 2), after a change of parameters.
        settings: Per slice settings that `parameters` does not hold, or None.
        on_progress: Called with the initial and then with intermediate layouts, several times a second.
        should_stop: Called at least every 100 ms; True cancels.

    Returns:
        T arrays float32 (N_t, 2) in one coordinate system; NaN for samples without neighbours.

    Raises:
        ValueError: Parameters, neighbours, relations or init that cannot be used; the message names them.
        LayoutCancelled: `should_stop` returned True.

    Reference: McInnes, Healy and Melville 2018, UMAP; umap-learn 0.5.12, AlignedUMAP.
    """
    check_parameters(parameters)
    n_rows = check_all_neighbors(neighbors)
    tracks = follow_samples(n_rows, relations)
    layouts = None if init is None else check_positions(init, n_rows)
    with Threads(should_stop=should_stop) as threads:
        settings = settings or same_settings(parameters, len(n_rows))
        state = LayoutState(neighbors, parameters, tracks, settings, 0, threads)
        if layouts is None:
            state.place_initial()
            default = N_PASSES_SMALL if max(n_rows) < _SMALL else N_PASSES
            return state.run(parameters.n_passes or default, _FIRST_STEP, on_progress)
        state.place_slices(layouts)
        return state.run(parameters.n_passes or N_RESTART_PASSES, _FIRST_STEP, on_progress)


def extend_layout(
    neighbors: Sequence[Neighbors],
    positions: Sequence[FloatArray],
    parameters: LayoutParameters,
    *,
    relations: Sequence[IntArray] | None = None,
    settings: SliceSettings | None = None,
    on_progress: Callable[[LayoutProgress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> FloatArray:
    """Lay out one more slice and leave the older ones as they are.

    Args:
        neighbors: The last few slices, as far as the window reaches back, and the new one at the end.
        positions: Layouts (N_t, 2) of all but the new slice.
        parameters: What shapes the layout; `window` is how far older slices pull.
        relations: Between consecutive slices of `neighbors`, see `fit_layout`.
        settings: For every slice of `neighbors`, see `fit_layout`.
        on_progress: See `fit_layout`; positions of all slices, of which only the last changes.
        should_stop: See `fit_layout`.

    Returns:
        float32 (N, 2): the new slice's layout.

    Raises:
        ValueError: See `fit_layout`.
        LayoutCancelled: `should_stop` returned True.
    """
    check_parameters(parameters)
    n_rows = check_all_neighbors(neighbors)
    tracks = follow_samples(n_rows, relations)
    n_fixed = len(n_rows) - 1
    layouts = check_positions(positions, n_rows[:-1])
    if n_fixed == 0:
        return fit_layout(neighbors, parameters, settings=settings, on_progress=on_progress, should_stop=should_stop)[0]
    fresh = np.full((n_rows[-1], 2), np.nan, dtype=np.float32)
    with Threads(should_stop=should_stop) as threads:
        settings = settings or same_settings(parameters, len(n_rows))
        state = LayoutState(neighbors, parameters, tracks, settings, n_fixed, threads)
        state.place_slices([*layouts, fresh])
        return state.run(parameters.n_passes or N_RESTART_PASSES, _FIRST_STEP, on_progress)[-1]


def same_settings(parameters: LayoutParameters, n_slices: int) -> SliceSettings:
    """Settings of slices that share one set of parameters."""
    a, b = fit_curve(parameters.spread, parameters.min_dist)

    def full(value: float) -> FloatArray:
        return np.full(n_slices, value, dtype=np.float32)

    return SliceSettings(full(a), full(b), full(5.0), full(1.0), full(1.0))

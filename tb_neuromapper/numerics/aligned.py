"""Lay out a sequence of slices so that a sample moves only when its neighbours do.

The forces are UMAP's; the pull between slices is AlignedUMAP's; how both are computed is ours (docs/layouts.md).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tb_neuromapper.numerics.curve import fit_curve
from tb_neuromapper.numerics.graph import LayoutGraph, build_graph, row_blocks, weigh_neighbors
from tb_neuromapper.numerics.lanes import N_LANES, ROW
from tb_neuromapper.numerics.optimize import align_tracks, move_rows, overlap_tracks
from tb_neuromapper.numerics.start import fill_from_neighbors, group_matrix, start_rows
from tb_neuromapper.numerics.threads import Threads
from tb_neuromapper.numerics.tracks import Tracks, follow_samples
from tb_neuromapper.numerics.types import (
    FloatArray,
    IntArray,
    LayoutCancelled,
    LayoutParameters,
    LayoutProgress,
    Neighbors,
)

N_PASSES = 200
N_RESTART_PASSES = 80
_RESTART_STEP = 0.5
_PROGRESS_S = 0.1


@dataclass(frozen=True)
class SliceSettings:
    """What may differ between slices, each float32 (T,)."""

    a: FloatArray
    b: FloatArray
    n_negatives: FloatArray
    repulsion: FloatArray
    learning_rate: FloatArray


def fit_layout(
    neighbors: Sequence[Neighbors],
    parameters: LayoutParameters,
    *,
    relations: Sequence[IntArray] | None = None,
    starts: Sequence[FloatArray] | None = None,
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
        starts: Present layout to restart from, T arrays (N_t, 2), after a change of parameters.
        settings: Per slice settings that `parameters` does not hold, or None.
        on_progress: Called with intermediate layouts, several times a second.
        should_stop: Asked at least every 100 ms; True cancels.

    Returns:
        T arrays float32 (N_t, 2) in one coordinate system; NaN for samples without neighbours.

    Raises:
        ValueError: Parameters, neighbours, relations or starts that cannot be used; the message names them.
        LayoutCancelled: `should_stop` said so.

    Reference: McInnes, Healy and Melville 2018, UMAP; umap-learn 0.5.12, AlignedUMAP.
    """
    check_parameters(parameters)
    check_stop = _stopper(should_stop)
    n_rows = [check_neighbors(t, near) for t, near in enumerate(neighbors)]
    tracks = follow_samples(n_rows, relations)
    settings = settings or same_settings(parameters, len(n_rows))
    with Threads() as threads:
        layout = _Layout(neighbors, parameters, tracks, settings, 0, threads, check_stop)
        if starts is None:
            layout.place_rows(start_rows(layout.graph, tracks, parameters.seed, check_stop))
            return layout.run(parameters.n_passes or N_PASSES, 1.0, on_progress)
        layout.place_slices(check_positions(starts, n_rows))
        return layout.run(parameters.n_passes or N_RESTART_PASSES, _RESTART_STEP, on_progress)


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
    """Lay out one more slice beside slices that stay as they are.

    Args:
        neighbors: The last few slices, as far as the window reaches back, and the new one at the end.
        positions: Layouts (N_t, 2) of all but the new slice.
        parameters, relations, settings, on_progress, should_stop: See `fit_layout`.

    Returns:
        float32 (N, 2): the new slice's layout.

    Raises:
        ValueError, LayoutCancelled: See `fit_layout`.
    """
    check_parameters(parameters)
    check_stop = _stopper(should_stop)
    n_rows = [check_neighbors(t, near) for t, near in enumerate(neighbors)]
    if len(positions) != len(n_rows) - 1:
        raise ValueError(f"{len(positions)} layouts for {len(n_rows)} slices; all but the last slice need one.")
    if len(n_rows) == 1:
        return fit_layout(neighbors, parameters, settings=settings, on_progress=on_progress, should_stop=should_stop)[0]
    tracks = follow_samples(n_rows, relations)
    n_fixed = len(n_rows) - 1
    settings = settings or same_settings(parameters, len(n_rows))
    fresh = np.full((n_rows[-1], 2), np.nan, dtype=np.float32)
    with Threads() as threads:
        layout = _Layout(neighbors, parameters, tracks, settings, n_fixed, threads, check_stop)
        layout.place_slices([*check_positions(positions, n_rows[:-1]), fresh])
        return layout.run(parameters.n_passes or N_RESTART_PASSES, _RESTART_STEP, on_progress)[-1]


def same_settings(parameters: LayoutParameters, n_slices: int) -> SliceSettings:
    """Settings of slices that share one set of parameters."""
    a, b = fit_curve(parameters.spread, parameters.min_dist)

    def full(value: float) -> FloatArray:
        return np.full(n_slices, value, dtype=np.float32)

    return SliceSettings(full(a), full(b), full(5.0), full(1.0), full(1.0))


def check_parameters(parameters: LayoutParameters) -> None:
    """Raise a ValueError that names the first parameter that cannot be used."""
    p = parameters
    if p.n_neighbors < 2:
        raise ValueError(f"n_neighbors is {p.n_neighbors}; it counts the sample itself and must be 2 or more.")
    fit_curve(p.spread, p.min_dist)
    if not (np.isfinite(p.alignment) and p.alignment >= 0):
        raise ValueError(f"alignment is {p.alignment}; only a number of 0 or more is allowed.")
    if p.window < 0:
        raise ValueError(f"window is {p.window}; only an integer of 0 or more is allowed.")
    if p.n_passes is not None and p.n_passes < 1:
        raise ValueError(f"n_passes is {p.n_passes}; only None or an integer of 1 or more is allowed.")


def check_neighbors(t: int, neighbors: Neighbors) -> int:
    """The number of samples of a slice.

    Raises:
        ValueError: Shapes that do not agree, an id that is no row, no samples at all.
    """
    ids, dists = neighbors.ids, neighbors.dists
    if ids.ndim != 2 or ids.shape != dists.shape:
        raise ValueError(f"slice {t} has neighbour ids {ids.shape} and distances {dists.shape}; both must be (n, k).")
    n = len(ids)
    if n == 0:
        raise ValueError(f"slice {t} is empty; a slice needs at least one sample.")
    if ids.size and (ids.min() < -1 or ids.max() >= n):
        raise ValueError(f"slice {t} names neighbour {ids.min() if ids.min() < -1 else ids.max()} of {n} samples.")
    return n


def check_positions(positions: Sequence[FloatArray], n_rows: Sequence[int]) -> list[FloatArray]:
    """Layouts as float32.

    Raises:
        ValueError: Another number of layouts or rows than slices and samples.
    """
    if len(positions) != len(n_rows):
        raise ValueError(f"{len(positions)} layouts for {len(n_rows)} slices.")
    for t, (layout, n) in enumerate(zip(positions, n_rows, strict=True)):
        if np.shape(layout) != (n, 2):
            raise ValueError(f"the layout of slice {t} has shape {np.shape(layout)}; ({n}, 2) is needed.")
    return [np.asarray(layout, dtype=np.float32) for layout in positions]


def _stopper(should_stop: Callable[[], bool] | None) -> Callable[[], None]:
    def check() -> None:
        if should_stop is not None and should_stop():
            raise LayoutCancelled("the layout was cancelled.")

    return check


class _Layout:
    """The arrays of one optimisation."""

    def __init__(
        self,
        neighbors: Sequence[Neighbors],
        parameters: LayoutParameters,
        tracks: Tracks,
        settings: SliceSettings,
        n_fixed: int,
        threads: Threads,
        check_stop: Callable[[], None],
    ) -> None:
        self.parameters, self.tracks, self.n_fixed = parameters, tracks, n_fixed
        self.threads, self.check_stop = threads, check_stop
        n_slices = tracks.n_slices
        n_columns = [min(near.ids.shape[1], parameters.n_neighbors - 1) for near in neighbors]
        self.graph: LayoutGraph = build_graph(neighbors, tracks, n_columns, threads, n_fixed, check_stop)
        self.slices = np.repeat(np.arange(n_slices, dtype=np.int32), np.diff(tracks.starts))
        self.heads = np.flatnonzero(tracks.preceding < 0).astype(np.int32)
        self.window = min(parameters.window, n_slices - 1) if parameters.alignment > 0 else 0
        if self.window > 0:
            self._measure_overlaps(neighbors, n_columns)
        check_stop()
        self._set_blocks(settings)
        # Two copies, the pass reads one and writes the other; `now` is where the present one begins.
        self.n_rows = len(tracks.flats)
        self.places = _aligned_zeros(2 * self.n_rows * ROW)
        self.now = 0

    def _measure_overlaps(self, neighbors: Sequence[Neighbors], n_columns: Sequence[int]) -> None:
        tracks = self.tracks
        ids, _ = weigh_neighbors(neighbors, tracks.starts, n_columns, self.threads)
        tracks_of = np.full(len(tracks.following), -1, dtype=np.int32)
        tracks_of[self.heads] = np.arange(len(self.heads), dtype=np.int32)
        for t in range(1, tracks.n_slices):
            flat = np.arange(tracks.starts[t], tracks.starts[t + 1])
            linked = flat[tracks.preceding[flat] >= 0]
            tracks_of[linked] = tracks_of[tracks.preceding[linked]]
        self.overlaps = np.zeros((len(tracks_of), self.window), dtype=np.float32)
        self.threads.run(
            overlap_tracks, len(self.heads), ids, self.heads, tracks.following, tracks_of, self.window, self.overlaps
        )
        visits = self.graph.visits[tracks.rows, self.slices % N_LANES]
        # umap-learn pulls once at each of a visit's six forces.
        self.strengths = (np.float32(6 * self.parameters.alignment) * visits).astype(np.float32)

    def _set_blocks(self, settings: SliceSettings) -> None:
        tracks = self.tracks
        self.blocks = row_blocks(tracks.group_starts)
        n_groups = len(tracks.group_starts) - 1
        group_of = np.searchsorted(tracks.group_starts, self.blocks[:, 2], side="right") - 1
        curves = np.zeros((n_groups, 2, N_LANES), dtype=np.float32)
        curves[:, 0], curves[:, 1] = 1.577, 0.895
        scales = np.zeros((n_groups, N_LANES), dtype=np.float32)
        n_repel = np.zeros((n_groups, N_LANES), dtype=np.float32)
        n_group_rows = np.diff(tracks.group_starts)
        for t in range(self.n_fixed, tracks.n_slices):
            group, lane = divmod(t, N_LANES)
            curves[group, :, lane] = settings.a[t], settings.b[t]
            scales[group, lane] = settings.learning_rate[t]
            # A random row of the group is in this slice only now and then: draw so many more.
            crowding = n_group_rows[group] / (tracks.starts[t + 1] - tracks.starts[t])
            n_repel[group, lane] = settings.n_negatives[t] * settings.repulsion[t] * crowding
        self.curves = curves[group_of].reshape(-1)
        self.scales = (scales[group_of] / np.float32(255)).reshape(-1)
        self.ratios = n_repel[group_of]

    def place_rows(self, rows: FloatArray) -> None:
        """Start every lane of a layout row at the same place; absent lanes far away, where nothing pushes them."""
        present = self.tracks.flats >= 0
        place = self._present()
        for d in range(2):
            place[:, d] = np.where(present, rows[:, d, None], _FAR)

    def place_slices(self, positions: Sequence[FloatArray]) -> None:
        """Start where a present layout is; samples that it lacks start beside their neighbours."""
        tracks = self.tracks
        known = np.concatenate(positions)
        for t in range(tracks.n_slices):
            flat = np.arange(tracks.starts[t], tracks.starts[t + 1])
            back = tracks.preceding[flat]
            carried = flat[(back >= 0) & np.isnan(known[flat, 0])]
            known[carried] = known[tracks.preceding[carried]]
        place = self._present()
        place[:] = _FAR
        random = np.random.default_rng(self.parameters.seed)
        for group in range(len(tracks.group_starts) - 1):
            low, high = tracks.group_starts[group : group + 2]
            flats = tracks.flats[low:high]
            matrix = None
            for lane in range(N_LANES):
                own = flats[:, lane] >= 0
                if not own.any():
                    continue
                values = np.full((high - low, 2), np.nan, dtype=np.float32)
                values[own] = known[flats[own, lane]]
                if np.isnan(values[own, 0]).any():
                    matrix = group_matrix(self.graph, tracks, group) if matrix is None else matrix
                    values = fill_from_neighbors(values, matrix, random)
                place[low:high][own, :, lane] = values[own]

    def run(
        self, n_passes: int, first_step: float, on_progress: Callable[[LayoutProgress], None] | None
    ) -> list[FloatArray]:
        last_report = time.perf_counter()
        seed = np.uint32(self.parameters.seed & 0xFFFFFFFF)
        for n_done in range(n_passes):
            step = np.float32(first_step * (1 - n_done / n_passes))
            self.check_stop()
            self._move(step, seed, n_done)
            now = time.perf_counter()
            if on_progress is not None and now - last_report > _PROGRESS_S and n_done + 1 < n_passes:
                on_progress(LayoutProgress(n_done + 1, n_passes, self.positions()))
                last_report = now
        return self.positions()

    def _move(self, step: np.float32, seed: np.uint32, n_pass: int) -> None:
        graph, tracks, places = self.graph, self.tracks, self.places
        before, after = self.now, self.n_rows - self.now
        edges = (graph.indptr, graph.tails, graph.rates, graph.shares, graph.visits)
        forces = (self.curves, self.scales, self.ratios, step, seed, n_pass)
        self.threads.run(move_rows, len(self.blocks), places, before, after, self.blocks, *edges, *forces)
        if self.window == 0:
            self.now = after
            return
        chains = (self.heads, tracks.following, self.slices, tracks.rows, self.overlaps, self.strengths)
        self.threads.run(align_tracks, len(self.heads), places, after, before, *chains, step, self.n_fixed)

    def _present(self) -> FloatArray:
        return self.places[self.now * ROW : (self.now + self.n_rows) * ROW].reshape(-1, 2, N_LANES)

    def positions(self) -> list[FloatArray]:
        tracks = self.tracks
        place = self._present()
        result = []
        for t in range(tracks.n_slices):
            flat = slice(int(tracks.starts[t]), int(tracks.starts[t + 1]))
            result.append(np.ascontiguousarray(place[tracks.rows[flat], :, t % N_LANES]))
        return result


def _aligned_zeros(size: int) -> FloatArray:
    """Zeros that begin at a multiple of 64 bytes, so that a layout row is one cache line."""
    spare = np.zeros(size + 16, dtype=np.float32)
    first = (-spare.ctypes.data % 64) // 4
    return spare[first : first + size]


# Repulsion falls off with the fourth power: at this distance it moves nothing.
_FAR = np.float32(1e6)

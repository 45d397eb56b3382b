"""The arrays of a running layout: edges, alignment, places; and the passes over them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tb_neuromapper.numerics.layout.graph import build_graph, row_blocks
from tb_neuromapper.numerics.layout.initialize import fill_from_neighbors, group_matrix, initial_positions
from tb_neuromapper.numerics.layout.lanes import N_LANES, ROW
from tb_neuromapper.numerics.layout.optimize import align_tracks, move_rows, row_seeds, share_pushes
from tb_neuromapper.numerics.layout.overlaps import measure_overlaps
from tb_neuromapper.numerics.layout.tracks import Tracks
from tb_neuromapper.numerics.threads import Threads
from tb_neuromapper.numerics.types import FloatArray, LayoutParameters, LayoutProgress, Neighbors

# Between reports; the first ones come sooner, so that a change shows at once.
_PROGRESS_S = 0.1
_FIRST_PROGRESS_S = 0.02
# Absent lanes lie here: repulsion falls off with the fourth power, so that they move nothing.
_FAR = np.float32(3e4)
# A visit of umap-learn pulls both ends of the edge together and pushes one end from random samples; ours moves one end.
_MOVES_PER_EDGE = 2
# umap-learn pulls between slices at each of the seven moves that come of a visit. Ours are fewer and surer: with 9 the
# movement between slices is no larger than its own. With stronger alignment than its default, 0.01, its movement falls
# more slowly; a pull in proportion would halve it, for which small slices pay in accuracy (docs/layouts.md).
_FORCES_PER_VISIT = 9
_LINEAR_UP_TO = 0.01
_EXPONENT_ABOVE = 0.7
# The mean of such a strength is that of any larger one, which would leave the range of float32.
_MOST_ALIGNMENT = 1e6


@dataclass(frozen=True)
class SliceSettings:
    """What may differ between slices, each float32 (T,).

    Attributes:
        a: Of the curve 1 / (1 + a d^(2b)).
        b: Of the same curve.
        n_negatives: umap-learn's negative_sample_rate.
        repulsion: Factor on their number.
        learning_rate: First step size.
    """

    a: FloatArray
    b: FloatArray
    n_negatives: FloatArray
    repulsion: FloatArray
    learning_rate: FloatArray


class LayoutState:
    """A running layout.

    Args:
        neighbors: T slices, checked.
        parameters: Checked.
        tracks: Which rows are the same sample.
        settings: Per slice.
        n_fixed: The first slices stay as they are.
        threads: To run on; raises LayoutCancelled to cancel.
    """

    def __init__(
        self,
        neighbors: Sequence[Neighbors],
        parameters: LayoutParameters,
        tracks: Tracks,
        settings: SliceSettings,
        n_fixed: int,
        threads: Threads,
    ) -> None:
        self.parameters, self.tracks, self.n_fixed, self.threads = parameters, tracks, n_fixed, threads
        self.n_columns = [min(near.ids.shape[1], parameters.n_neighbors - 1) for near in neighbors]
        self.graph = build_graph(neighbors, tracks, self.n_columns, threads.check_stop, n_fixed)
        lanes = np.repeat(np.arange(tracks.n_slices) % N_LANES, np.diff(tracks.slice_starts))
        self.spots = (tracks.rows * ROW + lanes).astype(np.int32)
        self.strengths = _pull(min(parameters.alignment, _MOST_ALIGNMENT)) * self.graph.visits[tracks.rows, lanes]
        self.heads = np.flatnonzero(tracks.preceding < 0).astype(np.int32)
        self.window = min(parameters.window, tracks.n_slices - 1) if parameters.alignment > 0 else 0
        self.neighbors = neighbors
        self.n_rows = len(tracks.flats)
        self._set_blocks(settings)
        # Every group of slices draws alike, or samples would move between two groups for no other reason.
        sizes = np.diff(tracks.group_starts)
        self.row_seeds = np.concatenate([row_seeds(int(size), parameters.seed) for size in sizes])
        # Two copies: a pass reads one and writes the other; `now` is where the present one begins.
        self.places = _aligned_zeros(2 * self.n_rows * ROW)
        self.now = 0

    @cached_property
    def pulls(self) -> FloatArray:
        """float32 (S, W): neighbour overlap with the next W slices, falling off with the distance in time."""
        stop, n_fixed = self.threads.check_stop, self.n_fixed
        overlaps = measure_overlaps(self.neighbors, self.tracks, self.n_columns, self.window, stop, n_fixed)
        return np.asarray(overlaps * np.exp(-np.arange(self.window, dtype=np.float32)))

    def _set_blocks(self, settings: SliceSettings) -> None:
        tracks = self.tracks
        self.blocks = row_blocks(tracks.group_starts)
        n_groups = len(tracks.group_starts) - 1
        curves = np.ones((n_groups, 2, N_LANES), dtype=np.float32)
        scales = np.zeros((n_groups, N_LANES), dtype=np.float32)
        ratios = np.zeros((n_groups, N_LANES), dtype=np.float32)
        n_group_rows = np.diff(tracks.group_starts)
        for t in range(self.n_fixed, tracks.n_slices):
            group, lane = divmod(t, N_LANES)
            curves[group, :, lane] = settings.a[t], settings.b[t]
            scales[group, lane] = settings.learning_rate[t]
            # A random row of the group is in this slice only now and then: draw so many more.
            crowding = n_group_rows[group] / (tracks.slice_starts[t + 1] - tracks.slice_starts[t])
            ratios[group, lane] = settings.n_negatives[t] / _MOVES_PER_EDGE * settings.repulsion[t] * crowding
        group_of = np.searchsorted(tracks.group_starts, self.blocks[:, 2], side="right") - 1
        self.curves = curves[group_of].reshape(-1)
        self.scales = (scales[group_of] / np.float32(255)).reshape(-1)
        self.work = _aligned_zeros(len(self.blocks) * ROW)
        self.pushes, self.n_pushes = share_pushes(self.graph, np.repeat(ratios, n_group_rows, axis=0))
        # Between two questions whether to stop; rows with many pushes take longer.
        most_rows = 60_000 / max(1.0, float(self.n_pushes.max()) / 8)
        self.most_blocks = max(1, int(len(self.blocks) * most_rows / self.n_rows))

    def place_initial(self) -> None:
        """Start from a spectral layout, every sample at the same place in all slices."""
        rows = initial_positions(self.graph, self.tracks, self.parameters.seed, self.threads.check_stop)
        present = self.tracks.flats >= 0
        for d in range(2):
            self._present()[:, d] = np.where(present, rows[:, d, None], _FAR)

    def place_slices(self, positions: Sequence[FloatArray]) -> None:
        """Start from a layout; NaN rows start at the sample's place in the slice before, or near their neighbours.

        Args:
            positions: T arrays float32 (N_t, 2).
        """
        tracks = self.tracks
        known = np.concatenate(positions)
        for t in range(1, tracks.n_slices):
            flat = np.arange(tracks.slice_starts[t], tracks.slice_starts[t + 1])
            carried = flat[(tracks.preceding[flat] >= 0) & np.isnan(known[flat]).any(axis=1)]
            known[carried] = known[tracks.preceding[carried]]
        place = self._present()
        place[:] = _FAR
        random = np.random.default_rng(self.parameters.seed)
        for group in range(len(tracks.group_starts) - 1):
            low, high = tracks.group_starts[group : group + 2]
            flats = tracks.flats[low:high]
            for lane in np.flatnonzero((flats >= 0).any(axis=0)):
                own = flats[:, lane] >= 0
                values = np.full((high - low, 2), np.nan, dtype=np.float32)
                values[own] = known[flats[own, lane]]
                if np.isnan(values[own]).any():
                    values = fill_from_neighbors(values, group_matrix(self.graph, tracks, group), random)
                place[low:high][own, :, lane] = values[own]

    def run(
        self, n_passes: int, first_step: float, on_progress: Callable[[LayoutProgress], None] | None
    ) -> list[FloatArray]:
        """Do all passes, with a step size that falls linearly to 0.

        Args:
            n_passes: Number of passes.
            first_step: Step size of the first one.
            on_progress: Called with intermediate layouts, the first after a short while, then every 0.1 s.

        Returns:
            See `positions`.

        Raises:
            LayoutCancelled: The threads' `should_stop` returned True.
        """
        last_report, wait_s = -np.inf, _FIRST_PROGRESS_S
        for n_done in range(n_passes):
            now = time.perf_counter()
            if on_progress is not None and now - last_report > wait_s:
                on_progress(LayoutProgress(n_done, n_passes, self.positions()))
                last_report, wait_s = now, min(2 * wait_s, _PROGRESS_S) if n_done else wait_s
            self._move(np.float32(first_step * (1 - n_done / n_passes)), n_done)
        return self.positions()

    def _move(self, step: np.float32, n_pass: int) -> None:
        graph, tracks, places = self.graph, self.tracks, self.places
        before, after = self.now, self.n_rows - self.now
        edges = (graph.indptr, graph.tails, graph.rates, graph.shares.reshape(-1))
        forces = (self.curves, self.scales * step, self.pushes, self.n_pushes, self.row_seeds, np.uint64(n_pass))
        layouts = (places, before, after, self.work, self.blocks)
        self.threads.run(move_rows, len(self.blocks), *layouts, *edges, *forces, most=self.most_blocks)
        if self.window == 0:
            self.now = after
            return
        chains = (self.heads, tracks.following, tracks.preceding, self.spots, self.pulls, step * self.strengths)
        first_flat = int(tracks.slice_starts[self.n_fixed])
        self.threads.run(align_tracks, len(self.heads), places, after * ROW, before * ROW, *chains, first_flat)

    def _present(self) -> FloatArray:
        return self.places[self.now * ROW : (self.now + self.n_rows) * ROW].reshape(-1, 2, N_LANES)

    def positions(self) -> list[FloatArray]:
        """T arrays (N_t, 2); NaN for samples that have no neighbour though others could be."""
        tracks, place = self.tracks, self._present()
        result = []
        for t in range(tracks.n_slices):
            rows, lane = tracks.rows[tracks.slice_starts[t] : tracks.slice_starts[t + 1]], t % N_LANES
            layout = np.ascontiguousarray(place[rows, :, lane])
            if t >= self.n_fixed and self.n_columns[t] > 0:
                layout[self.graph.visits[rows, lane] == 0] = np.nan
            result.append(layout)
        return result


def _pull(alignment: float) -> np.float32:
    """Pull between slices that comes of a visit, by umap-learn's alignment_regularisation."""
    excess = max(alignment / _LINEAR_UP_TO, 1.0)
    return np.float32(_FORCES_PER_VISIT * alignment * excess ** (_EXPONENT_ABOVE - 1))


def _aligned_zeros(size: int) -> FloatArray:
    """Zeros that begin at a multiple of 64 bytes, so that a layout row is one cache line."""
    spare = np.zeros(size + ROW, dtype=np.float32)
    first = (-spare.ctypes.data % 64) // 4
    return spare[first : first + size]

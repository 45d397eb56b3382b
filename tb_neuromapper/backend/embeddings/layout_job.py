"""The job that a worker runs: neighbours, aligned layout and quality of one block, from the log's files to the cache.

TensorBoard's process imports this module only to name the job; the numerics are imported inside the functions, in the
worker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tb_neuromapper.backend.cache import FloatArray, ResultCache, StoredLayout
from tb_neuromapper.backend.embeddings.parameters import ProjectionParameters
from tb_neuromapper.backend.embeddings.step_quality import Measured, load_points, measure
from tb_neuromapper.backend.jobs.job_folder import JobCancelled, Reporter
from tb_neuromapper.backend.log.storage import ArraySource
from tb_neuromapper.schema import RecordError

if TYPE_CHECKING:
    from tb_neuromapper.numerics.types import LayoutParameters, LayoutProgress, Neighbors

# Neighbour lists are stored at least this long, so that smaller n_neighbors need no new search.
_MIN_STORED_NEIGHBORS = 30
# After a change of parameters this many steps to either side of the one on view are laid out first.
_N_AROUND_FOCUS = 2


@dataclass(frozen=True)
class ProjectionJob:
    """One block of one run, laid out over its steps.

    Attributes:
        folder: The job's own folder (job_folder.py).
        cache: The results cache.
        steps: Ascending; one per source.
        sources: The block's activations (n, d) at each step.
        parameters: What shapes the layout.
        start_from: Parameters of a stored layout of the same slices from which to start, or None to start afresh.
        focus: The step on view, whose surroundings are laid out first if the job starts from a stored layout.
        sides: Of two runs side by side: which one, 0 or 1, each source is of; empty if all are of one run.
    """

    folder: Path
    cache: ResultCache
    steps: tuple[int, ...]
    sources: tuple[ArraySource, ...]
    parameters: ProjectionParameters
    start_from: ProjectionParameters | None = None
    focus: int | None = None
    sides: tuple[int, ...] = ()

    @property
    def window(self) -> int:
        """Two runs take turns, so that as many steps of each are twice as many slices."""
        return self.parameters.window * (2 if self.sides else 1)


@dataclass(frozen=True)
class BrokenSlice:
    """A step whose activations cannot be used, and why."""

    step: int
    checksum: str
    message: str


@dataclass(frozen=True)
class _Slice:
    step: int
    source: ArraySource
    neighbors: Neighbors
    side: int

    @property
    def checksum(self) -> str:
        return self.source.key


def warm_up() -> None:
    """Compile the numerics, or load what an earlier process compiled."""
    from tb_neuromapper.numerics import warmup

    warmup.warm_up()


def count_clusters(positions: FloatArray, classes: npt.NDArray[np.int32]) -> float | None:
    """See `count_subclusters`."""
    from tb_neuromapper.numerics.quality.subclusters import count_subclusters

    return count_subclusters(positions, classes)


def project(job: ProjectionJob) -> list[BrokenSlice]:
    """Bring the cache up to the job's last step; answers the steps that had to be left out.

    Raises:
        JobCancelled: The job's folder holds a file named cancel.
        RecordError: No step is usable.
    """
    from tb_neuromapper.numerics.types import LayoutCancelled

    try:
        return _project(job, Reporter(job.folder))
    except LayoutCancelled as error:
        raise JobCancelled from error
    finally:
        job.cache.shrink()


def _project(job: ProjectionJob, report: Reporter) -> list[BrokenSlice]:
    stored = _find_layout(job, [source.key for source in job.sources])
    if stored is not None and len(stored) == len(job.sources):
        return []
    if _is_extension(job, stored, len(job.sources)):
        assert stored is not None
        first = max(0, len(stored) - job.window)
        slices, broken = _find_all_neighbors(job, first, report)
        if all(item.step >= job.steps[len(stored)] for item in broken):
            _extend(job, slices, first, stored, report)
            return broken
    started = _start_quickly(job, report)
    slices, broken = _find_all_neighbors(job, 0, report)
    if not slices:
        raise RecordError(f"no step can be laid out; {broken[0].message}")
    stored = _find_layout(job, [item.checksum for item in slices])
    if _is_extension(job, stored, len(slices)):
        assert stored is not None
        _extend(job, slices, 0, stored, report)
    else:
        _measure_base(job, slices, _lay_out(job, slices, started, report), report)
    return broken


def _find_layout(job: ProjectionJob, checksums: Sequence[str]) -> StoredLayout | None:
    return job.cache.find_layout(checksums, job.parameters.as_dict())


def _is_extension(job: ProjectionJob, stored: StoredLayout | None, n_slices: int) -> bool:
    """Whether the stored layout covers at least half of the slices, so that the others are added to it."""
    return stored is not None and n_slices <= 2 * len(stored) and job.parameters.engine == "neuromapper"


def _find_all_neighbors(job: ProjectionJob, first: int, report: Reporter) -> tuple[list[_Slice], list[BrokenSlice]]:
    slices: list[_Slice] = []
    broken: list[BrokenSlice] = []
    for index in range(first, len(job.steps)):
        step, source = job.steps[index], job.sources[index]
        report.say(0.3 * index / len(job.steps), f"finding neighbours: step {index + 1} of {len(job.steps)}")
        try:
            side = job.sides[index] if job.sides else 0
            slices.append(_Slice(step, source, _find_neighbors(job, source, report.should_stop), side))
        except (RecordError, ValueError) as error:
            broken.append(BrokenSlice(step, source.key, str(error)))
    return slices, broken


def _find_neighbors(job: ProjectionJob, source: ArraySource, should_stop: Callable[[], bool]) -> Neighbors:
    from tb_neuromapper.numerics.neighbors.find import find_neighbors
    from tb_neuromapper.numerics.types import Neighbors

    wanted, metric = job.parameters.n_neighbors - 1, job.parameters.metric
    stored = job.cache.find_neighbors(source.key, metric, wanted)
    if stored is not None:
        return Neighbors(*stored)
    k = max(wanted, _MIN_STORED_NEIGHBORS)
    seed = job.parameters.seed
    found = find_neighbors(load_points(source), n_neighbors=k, metric=metric, seed=seed, should_stop=should_stop)
    job.cache.store_neighbors(source.key, metric, found.ids, found.dists)
    return found


def _layout_parameters(job: ProjectionJob) -> LayoutParameters:
    from tb_neuromapper.numerics.types import LayoutParameters

    parameters = job.parameters
    return LayoutParameters(
        n_neighbors=parameters.n_neighbors,
        min_dist=parameters.min_dist,
        alignment=parameters.alignment,
        window=job.window,
        seed=parameters.seed,
    )


def _start_quickly(job: ProjectionJob, report: Reporter) -> dict[str, FloatArray]:
    """Where the slices are in the layout to start from, those around the focus laid out anew; by checksum.

    Empty if the job starts afresh.
    """
    checksums = [source.key for source in job.sources]
    present = job.cache.find_layout(checksums, job.start_from.as_dict()) if job.start_from is not None else None
    if present is None or len(present) < len(checksums) or job.parameters.engine != "neuromapper":
        return {}
    positions = [present.positions(index) for index in range(len(present))]
    if job.focus in job.steps:
        focus = job.steps.index(job.focus)
        chosen = range(max(0, focus - _N_AROUND_FOCUS), min(len(positions), focus + _N_AROUND_FOCUS + 1))
        _move_focus(job, chosen, positions, report)
    return dict(zip(checksums, positions, strict=True))


def _move_focus(job: ProjectionJob, chosen: Iterable[int], positions: list[FloatArray], report: Reporter) -> None:
    from tb_neuromapper.numerics.layout.aligned import fit_layout

    indices = list(chosen)

    def on_progress(progress: LayoutProgress) -> None:
        if progress.n_done:
            for index, moved in zip(indices, progress.positions, strict=True):
                positions[index] = moved.copy()
            report.show(0.1 * progress.n_done / progress.n_total, "laying out what is on view", job.steps, positions)

    moved = fit_layout(
        [_find_neighbors(job, job.sources[index], report.should_stop) for index in indices],
        _layout_parameters(job),
        starts=[positions[index] for index in indices],
        on_progress=on_progress,
        should_stop=report.should_stop,
    )
    for index, array in zip(indices, moved, strict=True):
        positions[index] = array


def _lay_out(
    job: ProjectionJob, slices: Sequence[_Slice], started: dict[str, FloatArray], report: Reporter
) -> StoredLayout:
    from tb_neuromapper.numerics.layout.aligned import fit_layout

    steps = [item.step for item in slices]

    def on_progress(progress: LayoutProgress) -> None:
        message = f"laying out: pass {progress.n_done} of {progress.n_total}"
        report.show(0.3 + 0.6 * progress.n_done / progress.n_total, message, steps, progress.positions)

    if job.parameters.engine == "umap-learn":
        positions = _lay_out_by_umap_learn(job, slices, report)
    else:
        positions = fit_layout(
            [item.neighbors for item in slices],
            _layout_parameters(job),
            starts=[started[item.checksum] for item in slices] if started else None,
            on_progress=on_progress,
            should_stop=report.should_stop,
        )
    return job.cache.store_base([item.checksum for item in slices], job.parameters.as_dict(), positions)


def _lay_out_by_umap_learn(job: ProjectionJob, slices: Sequence[_Slice], report: Reporter) -> list[FloatArray]:
    from tb_neuromapper.numerics.umap.reference_engine import umap_learn_layout

    report.say(0.3, "umap-learn is laying out; it reports no progress and takes about a hundred times as long")
    points = [load_points(item.source) for item in slices]
    return umap_learn_layout(points, _layout_parameters(job), metric=job.parameters.metric)


def _extend(job: ProjectionJob, slices: Sequence[_Slice], first: int, stored: StoredLayout, report: Reporter) -> None:
    """Add slices to a stored layout one at a time; `slices` begins with the layout's slice `first`."""
    from tb_neuromapper.numerics.layout.aligned import extend_layout

    n_total = first + len(slices)
    for index in range(len(stored), n_total):
        item = slices[index - first]
        report.say(0.3 + 0.7 * index / n_total, f"adding step {item.step}")
        begin = max(first, index - job.window)
        older = [stored.positions(t) for t in range(begin, index)]
        positions = extend_layout(
            [other.neighbors for other in slices[begin - first : index - first + 1]],
            older,
            _layout_parameters(job),
            should_stop=report.should_stop,
        )
        stored = job.cache.store_extension(stored, item.checksum, positions)
        before = _before(slices[: index - first], first, item.side, stored)
        quality = measure(item.step, Measured(item.source, positions), item.neighbors, before, job.parameters)
        job.cache.store_qualities(stored, index, [quality])


def _before(older: Sequence[_Slice], first: int, side: int, stored: StoredLayout) -> Measured | None:
    """The last of the older slices of the same run; `older` begins with the layout's slice `first`."""
    for index in range(len(older) - 1, -1, -1):
        if older[index].side == side:
            return Measured(older[index].source, stored.positions(first + index))
    return None


def _measure_base(job: ProjectionJob, slices: Sequence[_Slice], stored: StoredLayout, report: Reporter) -> None:
    qualities = []
    before: dict[int, Measured] = {}
    for index, item in enumerate(slices):
        report.say(0.9 + 0.1 * index / len(slices), f"measuring quality: step {index + 1} of {len(slices)}")
        now = Measured(item.source, stored.positions(index))
        qualities.append(measure(item.step, now, item.neighbors, before.get(item.side), job.parameters))
        before[item.side] = now
    job.cache.store_qualities(stored, 0, qualities)

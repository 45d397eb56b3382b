"""The job that a worker runs: neighbours, aligned layout and quality of one block, from the log's files to the cache.

TensorBoard's process imports this module only to name the job; the numerics are imported inside the functions, in the
worker. The job and TensorBoard talk through the job's folder: progress and intermediate layouts come out of it,
the wish to cancel goes into it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tb_neuromapper.backend.cache import FloatArray, ResultCache, StoredLayout, store_array, write_atomically
from tb_neuromapper.backend.parameters import ProjectionParameters
from tb_neuromapper.backend.storage import ArraySource, load_array
from tb_neuromapper.schema import RecordError

if TYPE_CHECKING:
    from tb_neuromapper.numerics.types import LayoutParameters, LayoutProgress, Neighbors

_SECONDS_BETWEEN_REPORTS = 0.25
# Neighbour lists are stored at least this long, so that smaller n_neighbors need no new search.
_MIN_STORED_NEIGHBORS = 30


@dataclass(frozen=True)
class ProjectionJob:
    """One block of one run, laid out over its steps.

    Attributes:
        folder: The job's own folder.
        cache: Folder and bound of the results cache.
        steps: Ascending; one per source.
        sources: The block's activations (n, d) at each step.
        parameters: What shapes the layout.
    """

    folder: Path
    cache: ResultCache
    steps: tuple[int, ...]
    sources: tuple[ArraySource, ...]
    parameters: ProjectionParameters


@dataclass(frozen=True)
class BrokenSlice:
    """A step whose activations cannot be used, and why."""

    step: int
    checksum: str
    message: str


class JobCancelled(Exception):
    """The user cancelled the job."""


@dataclass(frozen=True)
class JobState:
    """What a running job reports.

    Attributes:
        progress: 0 to 1.
        message: What is being done, in words.
        version: Grows with every intermediate layout; 0 before the first.
        steps: The steps of the intermediate layout, in the rows of positions.npy.
    """

    progress: float
    message: str
    version: int = 0
    steps: tuple[int, ...] = ()


def read_job_state(folder: Path) -> JobState | None:
    """What the job in this folder reported last, or None before its first report."""
    try:
        values = json.loads((folder / "state.json").read_bytes())
    except (OSError, ValueError):
        return None
    return JobState(values["progress"], values["message"], values["version"], tuple(values["steps"]))


def request_cancel(folder: Path) -> None:
    """Ask the job in this folder to stop."""
    (folder / "cancel").touch()


def warm_up() -> None:
    """Compile the numerics, or load what an earlier process compiled."""
    from tb_neuromapper.numerics import warmup

    warmup.warm_up()


def project(job: ProjectionJob) -> list[BrokenSlice]:
    """Bring the cache up to the job's last step; answers the steps that had to be left out.

    Raises:
        JobCancelled: The job's folder holds a file named cancel.
        RecordError: No step is usable.
    """
    report = _Reporter(job.folder)
    slices, broken = _find_all_neighbors(job, report)
    if not slices:
        raise RecordError(f"no step can be laid out; {broken[0].message}")
    checksums = [item.source.spec.checksum for item in slices]
    stored = job.cache.find_layout(checksums, job.parameters)
    n_stored = len(stored) if stored is not None else 0
    if stored is not None and len(slices) - n_stored <= n_stored and job.parameters.engine == "neuromapper":
        _extend(job, slices, stored, report)
    else:
        stored = _lay_out(job, slices, report)
        _measure_base(job, slices, stored, report)
    return broken


@dataclass(frozen=True)
class _Slice:
    step: int
    source: ArraySource
    neighbors: Neighbors


class _Reporter:
    """Writes progress into the job's folder, at most a few times a second, and notices a wish to cancel."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._version = 0
        self._steps: tuple[int, ...] = ()
        self._reported_s = 0.0

    def should_stop(self) -> bool:
        return (self._folder / "cancel").exists()

    def say(self, progress: float, message: str) -> None:
        if self.should_stop():
            raise JobCancelled
        state = JobState(progress, message, self._version, self._steps)
        write_atomically(self._folder / "state.json", json.dumps(vars(state)).encode())

    def show(self, progress: float, message: str, steps: Sequence[int], positions: Sequence[FloatArray]) -> None:
        now_s = time.monotonic()
        if now_s - self._reported_s < _SECONDS_BETWEEN_REPORTS:
            return
        self._reported_s = now_s
        self._version += 1
        self._steps = tuple(steps)
        store_array(self._folder / f"positions-{self._version}.npy", np.stack(positions))
        self.say(progress, message)
        (self._folder / f"positions-{self._version - 2}.npy").unlink(missing_ok=True)


def live_positions(folder: Path, version: int) -> FloatArray:
    """float32 (T, n, 2) of an intermediate layout, mapped from its file.

    Raises:
        OSError: A newer layout has replaced it.
    """
    positions: FloatArray = np.load(folder / f"positions-{version}.npy", mmap_mode="r")
    return positions


def _find_all_neighbors(job: ProjectionJob, report: _Reporter) -> tuple[list[_Slice], list[BrokenSlice]]:
    slices: list[_Slice] = []
    broken: list[BrokenSlice] = []
    for index, (step, source) in enumerate(zip(job.steps, job.sources, strict=True)):
        report.say(0.3 * index / len(job.steps), f"finding neighbours: step {index + 1} of {len(job.steps)}")
        try:
            slices.append(_Slice(step, source, _neighbors(job, source)))
        except (RecordError, ValueError) as error:
            broken.append(BrokenSlice(step, source.spec.checksum, str(error)))
    return slices, broken


def _neighbors(job: ProjectionJob, source: ArraySource) -> Neighbors:
    from tb_neuromapper.numerics.neighbors import find_neighbors
    from tb_neuromapper.numerics.types import Neighbors

    wanted = job.parameters.n_neighbors - 1
    stored = job.cache.find_neighbors(source.spec.checksum, job.parameters.metric, wanted)
    if stored is not None:
        return Neighbors(*stored)
    points = _points(source)
    k = max(wanted, _MIN_STORED_NEIGHBORS)
    found = find_neighbors(points, n_neighbors=k, metric=job.parameters.metric, seed=job.parameters.seed)
    job.cache.store_neighbors(source.spec.checksum, job.parameters.metric, found.ids, found.dists)
    return found


def _points(source: ArraySource) -> FloatArray:
    array = load_array(source)
    if array.ndim != 2 or not len(array):
        raise RecordError(f"tensor {source.name!r} has shape {array.shape}; only (n, d) is allowed.")
    points = np.ascontiguousarray(array, dtype=np.float32)
    finite = np.isfinite(points).all(axis=1)
    if not finite.all():
        rows = np.flatnonzero(~finite)
        raise RecordError(f"{source.name!r} is NaN or infinite for {len(rows)} samples, first in row {rows[0]}.")
    return points


def _layout_parameters(parameters: ProjectionParameters) -> LayoutParameters:
    from tb_neuromapper.numerics.types import LayoutParameters

    return LayoutParameters(
        n_neighbors=parameters.n_neighbors,
        min_dist=parameters.min_dist,
        alignment=parameters.alignment,
        window=parameters.window,
        seed=parameters.seed,
    )


def _lay_out(job: ProjectionJob, slices: Sequence[_Slice], report: _Reporter) -> StoredLayout:
    from tb_neuromapper.numerics.aligned import fit_layout
    from tb_neuromapper.numerics.types import LayoutCancelled

    steps = [item.step for item in slices]

    def on_progress(progress: LayoutProgress) -> None:
        message = f"laying out: pass {progress.n_done} of {progress.n_total}"
        report.show(0.3 + 0.6 * progress.n_done / progress.n_total, message, steps, progress.positions)

    try:
        if job.parameters.engine == "umap-learn":
            positions = _lay_out_by_umap_learn(job, slices, report)
        else:
            positions = fit_layout(
                [item.neighbors for item in slices],
                _layout_parameters(job.parameters),
                on_progress=on_progress,
                should_stop=report.should_stop,
            )
    except LayoutCancelled as error:
        raise JobCancelled from error
    return job.cache.store_base([item.source.spec.checksum for item in slices], job.parameters, positions)


def _lay_out_by_umap_learn(job: ProjectionJob, slices: Sequence[_Slice], report: _Reporter) -> list[FloatArray]:
    from tb_neuromapper.numerics.reference_engine import umap_learn_layout

    report.say(0.3, "umap-learn is laying out; it reports no progress and takes about a hundred times as long")
    points = [_points(item.source) for item in slices]
    return umap_learn_layout(points, _layout_parameters(job.parameters), metric=job.parameters.metric)


def _extend(job: ProjectionJob, slices: Sequence[_Slice], stored: StoredLayout, report: _Reporter) -> None:
    from tb_neuromapper.numerics.aligned import extend_layout
    from tb_neuromapper.numerics.types import LayoutCancelled

    for index in range(len(stored), len(slices)):
        report.say(0.3 + 0.7 * index / len(slices), f"adding step {slices[index].step}")
        first = max(0, index - job.parameters.window)
        older = [stored.positions(t) for t in range(first, index)]
        try:
            positions = extend_layout(
                [item.neighbors for item in slices[first : index + 1]],
                older,
                _layout_parameters(job.parameters),
                should_stop=report.should_stop,
            )
        except LayoutCancelled as error:
            raise JobCancelled from error
        stored = job.cache.store_extension(stored, slices[index].source.spec.checksum, positions)
        quality = _measure(slices[index], positions, older[-1], job.parameters)
        job.cache.store_qualities(stored, index, [quality])


def _measure_base(job: ProjectionJob, slices: Sequence[_Slice], stored: StoredLayout, report: _Reporter) -> None:
    qualities = []
    previous = None
    for index, item in enumerate(slices):
        report.say(0.9 + 0.1 * index / len(slices), f"measuring quality: step {index + 1} of {len(slices)}")
        positions = stored.positions(index)
        qualities.append(_measure(item, positions, previous, job.parameters))
        previous = positions
    job.cache.store_qualities(stored, 0, qualities)


def _measure(
    item: _Slice, positions: FloatArray, previous: FloatArray | None, parameters: ProjectionParameters
) -> dict[str, Any]:
    from tb_neuromapper.numerics.quality import measure_quality

    quality = measure_quality(_points(item.source), item.neighbors, positions, previous, seed=parameters.seed)
    return {"step": item.step, **{name: _finite(value) for name, value in vars(quality).items()}}


def _finite(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else round(float(value), 5)

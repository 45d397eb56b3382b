"""The job that a worker runs: neighbours, aligned layout and quality of one block, from the log's files to the cache.

TensorBoard's process imports this module only to name the job; the numerics are imported inside the functions, in the
worker.
"""

from __future__ import annotations

from collections.abc import Sequence

from tb_neuromapper.backend.cache import StoredLayout
from tb_neuromapper.backend.embeddings.job_slices import BrokenSlice, JobSlice, ProjectionJob, find_all_neighbors
from tb_neuromapper.backend.embeddings.lay_out import lay_out, place_next, start_from_stored
from tb_neuromapper.backend.embeddings.step_quality import StepLayout, measure_step
from tb_neuromapper.backend.jobs.job_folder import JobCancelled, Reporter
from tb_neuromapper.schema import RecordError


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
    from tb_neuromapper.numerics.types import LayoutCancelled

    try:
        return _project(job, Reporter(job.folder))
    except LayoutCancelled as error:
        raise JobCancelled from error
    finally:
        job.cache.shrink()


def _project(job: ProjectionJob, reporter: Reporter) -> list[BrokenSlice]:
    stored = _find_layout(job, [source.key for source in job.sources])
    if stored is not None and len(stored) == len(job.sources):
        return []
    if _is_extension(job, stored, len(job.sources)):
        assert stored is not None
        first = max(0, len(stored) - job.window)
        slices, broken = find_all_neighbors(job, first, reporter)
        if all(item.step >= job.steps[len(stored)] for item in broken):
            _extend(job, slices, first, stored, reporter)
            return broken
    init = start_from_stored(job, reporter)
    slices, broken = find_all_neighbors(job, 0, reporter)
    if not slices:
        raise RecordError(f"no step can be laid out; {broken[0].message}")
    stored = _find_layout(job, [item.checksum for item in slices])
    if _is_extension(job, stored, len(slices)):
        assert stored is not None
        _extend(job, slices, 0, stored, reporter)
    else:
        _measure_base(job, slices, lay_out(job, slices, init, reporter), reporter)
    return broken


def _find_layout(job: ProjectionJob, checksums: Sequence[str]) -> StoredLayout | None:
    return job.cache.find_layout(checksums, job.parameters.as_dict())


def _is_extension(job: ProjectionJob, stored: StoredLayout | None, n_slices: int) -> bool:
    """Whether the stored layout covers at least half of the slices, so that the others are added to it."""
    return stored is not None and n_slices <= 2 * len(stored) and job.parameters.engine == "neuromapper"


def _extend(
    job: ProjectionJob, slices: Sequence[JobSlice], first: int, stored: StoredLayout, reporter: Reporter
) -> None:
    """Add slices to a stored layout one at a time; `slices` begins with the layout's slice `first`."""
    n_total = first + len(slices)
    for index in range(len(stored), n_total):
        item = slices[index - first]
        reporter.report(0.3 + 0.7 * index / n_total, f"adding step {item.step}")
        stored = place_next(job, slices, first, stored, reporter)
        before = _before(slices[: index - first], first, item.side, stored)
        now = StepLayout(item.source, stored.positions(index))
        quality = measure_step(item.step, now, item.neighbors, before, job.parameters)
        job.cache.store_qualities(stored, index, [quality])


def _before(older: Sequence[JobSlice], first: int, side: int, stored: StoredLayout) -> StepLayout | None:
    """The last of the older slices of the same run; `older` begins with the layout's slice `first`."""
    for index in range(len(older) - 1, -1, -1):
        if older[index].side == side:
            return StepLayout(older[index].source, stored.positions(first + index))
    return None


def _measure_base(job: ProjectionJob, slices: Sequence[JobSlice], stored: StoredLayout, reporter: Reporter) -> None:
    qualities = []
    before: dict[int, StepLayout] = {}
    for index, item in enumerate(slices):
        reporter.report(0.9 + 0.1 * index / len(slices), f"measuring quality: step {index + 1} of {len(slices)}")
        now = StepLayout(item.source, stored.positions(index))
        qualities.append(measure_step(item.step, now, item.neighbors, before.get(item.side), job.parameters))
        before[item.side] = now
    job.cache.store_qualities(stored, 0, qualities)

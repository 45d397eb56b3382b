"""From neighbours to positions: all slices of a job together, or one after the other behind a stored layout.

As in job_slices.py, the numerics are imported inside the functions, in the worker.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from tb_neuromapper.backend.cache import FloatArray, StoredLayout
from tb_neuromapper.backend.embeddings.job_slices import JobSlice, ProjectionJob, find_slice_neighbors
from tb_neuromapper.backend.jobs.job_folder import Reporter
from tb_neuromapper.backend.log.storage import load_features

if TYPE_CHECKING:
    from tb_neuromapper.numerics.types import LayoutProgress

# After a change of parameters this many steps to either side of the one that is displayed are laid out first.
_N_AROUND_FOCUS = 2


def start_from_stored(job: ProjectionJob, reporter: Reporter) -> dict[str, FloatArray]:
    """Where a job's layout starts: in a stored layout, in which the surroundings of the focus are laid out anew.

    Returns:
        float32 (n, 2) by the slice's checksum; empty if the job starts afresh.

    Raises:
        JobCancelled, LayoutCancelled: The job is to be cancelled.
    """
    checksums = [source.key for source in job.sources]
    present = job.cache.find_layout(checksums, job.start_from.as_dict()) if job.start_from is not None else None
    if present is None or len(present) < len(checksums) or job.parameters.engine != "neuromapper":
        return {}
    positions = [present.positions(index) for index in range(len(present))]
    if job.focus in job.steps:
        focus = job.steps.index(job.focus)
        chosen = range(max(0, focus - _N_AROUND_FOCUS), min(len(positions), focus + _N_AROUND_FOCUS + 1))
        _move_focus(job, chosen, positions, reporter)
    return dict(zip(checksums, positions, strict=True))


def lay_out(
    job: ProjectionJob, slices: Sequence[JobSlice], init: dict[str, FloatArray], reporter: Reporter
) -> StoredLayout:
    """Lay all slices out together and store the layout.

    Args:
        job: The job.
        slices: The usable ones of its slices.
        init: Where each begins, by its checksum; empty to start afresh.
        reporter: Takes progress and intermediate layouts.

    Raises:
        JobCancelled, LayoutCancelled: The job is to be cancelled.
    """
    from tb_neuromapper.numerics.layout.aligned import fit_layout

    steps = [item.step for item in slices]

    def on_progress(progress: LayoutProgress) -> None:
        message = f"laying out: pass {progress.n_done} of {progress.n_total}"
        share = 0.3 + 0.6 * progress.n_done / progress.n_total
        reporter.report_layout(share, message, steps, progress.positions)

    if job.parameters.engine == "umap-learn":
        positions = _lay_out_by_umap_learn(job, slices, reporter)
    else:
        positions = fit_layout(
            [item.neighbors for item in slices],
            job.layout_parameters(),
            init=[init[item.checksum] for item in slices] if init else None,
            on_progress=on_progress,
            should_stop=reporter.should_stop,
        )
    return job.cache.store_base([item.checksum for item in slices], job.parameters.as_dict(), positions)


def place_next(
    job: ProjectionJob, slices: Sequence[JobSlice], first: int, stored: StoredLayout, reporter: Reporter
) -> StoredLayout:
    """Add the next slice to a stored layout, whose slices stay where they are.

    Args:
        job: The job.
        slices: They begin with the layout's slice `first`.
        first: A window or more before the layout's end, or 0.
        stored: The layout.
        reporter: Says when to stop.

    Returns:
        The layout with one slice more.

    Raises:
        LayoutCancelled: The job is to be cancelled.
    """
    from tb_neuromapper.numerics.layout.aligned import extend_layout

    index = len(stored)
    begin = max(first, index - job.window)
    positions = extend_layout(
        [item.neighbors for item in slices[begin - first : index - first + 1]],
        [stored.positions(t) for t in range(begin, index)],
        job.layout_parameters(),
        should_stop=reporter.should_stop,
    )
    return job.cache.store_extension(stored, slices[index - first].checksum, positions)


def _move_focus(job: ProjectionJob, chosen: Iterable[int], positions: list[FloatArray], reporter: Reporter) -> None:
    """Lay out some slices anew from where they are, in place."""
    from tb_neuromapper.numerics.layout.aligned import fit_layout

    indices = list(chosen)

    def on_progress(progress: LayoutProgress) -> None:
        if progress.n_done:
            for index, moved in zip(indices, progress.positions, strict=True):
                positions[index] = moved.copy()
            share = 0.1 * progress.n_done / progress.n_total
            reporter.report_layout(share, "laying out the displayed epochs first", job.steps, positions)

    moved = fit_layout(
        [find_slice_neighbors(job, job.sources[index], reporter.should_stop) for index in indices],
        job.layout_parameters(),
        init=[positions[index] for index in indices],
        on_progress=on_progress,
        should_stop=reporter.should_stop,
    )
    for index, array in zip(indices, moved, strict=True):
        positions[index] = array


def _lay_out_by_umap_learn(job: ProjectionJob, slices: Sequence[JobSlice], reporter: Reporter) -> list[FloatArray]:
    from tb_neuromapper.numerics.umap.reference_engine import umap_learn_layout

    reporter.report(0.3, "umap-learn is laying out; it reports no progress and takes about a hundred times as long")
    features = [load_features(item.source) for item in slices]
    return umap_learn_layout(features, job.layout_parameters(), metric=job.parameters.metric)

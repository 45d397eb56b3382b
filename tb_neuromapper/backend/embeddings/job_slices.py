"""What a layout job is given, and the neighbours of its slices, from the cache or searched.

TensorBoard's process imports this module only to name the job; the numerics are imported inside the functions, in the
worker.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tb_neuromapper.backend.cache import ResultCache
from tb_neuromapper.backend.embeddings.parameters import ProjectionParameters
from tb_neuromapper.backend.jobs.job_folder import Reporter
from tb_neuromapper.backend.log.storage import ArraySource, load_features
from tb_neuromapper.schema import RecordError

if TYPE_CHECKING:
    from tb_neuromapper.numerics.types import LayoutParameters, Neighbors

# Neighbour lists are stored at least this long, so that smaller n_neighbors need no new search.
_MIN_STORED_NEIGHBORS = 30


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
        focus: The step that is displayed, whose surroundings are laid out first if the job starts from a stored layout.
        sides: Of two runs in one space: which one, 0 or 1, each source is of; empty if all are of one run.
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
        """Slices on either side that pull: those of two runs alternate, so that as many steps are twice as many."""
        return self.parameters.window * (2 if self.sides else 1)

    def layout_parameters(self) -> LayoutParameters:
        """The parameters as the numerics take them."""
        from tb_neuromapper.numerics.types import LayoutParameters

        parameters = self.parameters
        return LayoutParameters(
            n_neighbors=parameters.n_neighbors,
            min_dist=parameters.min_dist,
            alignment=parameters.alignment,
            window=self.window,
            seed=parameters.seed,
        )


@dataclass(frozen=True)
class JobSlice:
    """A step whose neighbours are known.

    Attributes:
        step: The step.
        source: Its activations (n, d).
        neighbors: Each sample's nearest in them.
        side: Of two runs in one space: which one it is of; else 0.
    """

    step: int
    source: ArraySource
    neighbors: Neighbors
    side: int

    @property
    def checksum(self) -> str:
        """What tells its activations apart from any others."""
        return self.source.key


@dataclass(frozen=True)
class BrokenSlice:
    """A step whose activations cannot be used.

    Attributes:
        step: The step.
        checksum: Of its activations, as its record says.
        message: Why.
    """

    step: int
    checksum: str
    message: str


def find_all_neighbors(job: ProjectionJob, first: int, reporter: Reporter) -> tuple[list[JobSlice], list[BrokenSlice]]:
    """The slices of a job from index `first` on, and those that cannot be used.

    Raises:
        JobCancelled: The job is to be cancelled.
    """
    slices: list[JobSlice] = []
    broken: list[BrokenSlice] = []
    for index in range(first, len(job.steps)):
        step, source = job.steps[index], job.sources[index]
        reporter.report(0.3 * index / len(job.steps), f"finding neighbours: step {index + 1} of {len(job.steps)}")
        try:
            side = job.sides[index] if job.sides else 0
            slices.append(JobSlice(step, source, find_slice_neighbors(job, source, reporter.should_stop), side))
        except (RecordError, ValueError) as error:
            broken.append(BrokenSlice(step, source.key, str(error)))
    return slices, broken


def find_slice_neighbors(job: ProjectionJob, source: ArraySource, should_stop: Callable[[], bool]) -> Neighbors:
    """The neighbours of one slice, as many as the job needs or more; those that are searched are stored.

    Raises:
        RecordError: The activations cannot be used.
        LayoutCancelled: `should_stop` became true.
    """
    from tb_neuromapper.numerics.neighbors.find import find_neighbors
    from tb_neuromapper.numerics.types import Neighbors

    wanted, metric = job.parameters.n_neighbors - 1, job.parameters.metric
    stored = job.cache.find_neighbors(source.key, metric, wanted)
    if stored is not None:
        return Neighbors(*stored)
    k = max(wanted, _MIN_STORED_NEIGHBORS)
    seed = job.parameters.seed
    found = find_neighbors(load_features(source), n_neighbors=k, metric=metric, seed=seed, should_stop=should_stop)
    job.cache.store_neighbors(source.key, metric, found.ids, found.dists)
    return found

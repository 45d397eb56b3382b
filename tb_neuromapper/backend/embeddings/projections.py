"""The projections that the page asks for: which exist, how far they are, where each step's positions are now.

A projection is one block of one run under one set of parameters. It is computed when it is first asked for and
extended when it is asked for again after new steps were logged. Finished layouts are read from the cache, running
ones from their job's folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import shutil
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import CancelledError, Executor
from dataclasses import replace
from pathlib import Path
from typing import Any

from tb_neuromapper.backend.cache import ResultCache, StoredLayout
from tb_neuromapper.backend.embeddings.job_slices import ProjectionJob
from tb_neuromapper.backend.embeddings.layout_job import project, warm_up
from tb_neuromapper.backend.embeddings.parameters import ProjectionParameters
from tb_neuromapper.backend.embeddings.projection import CANCELLED, Projection, side_of
from tb_neuromapper.backend.embeddings.run_pairs import interleave, match_samples
from tb_neuromapper.backend.embeddings.snapshot import LayoutSnapshot, PublishedLayout, publish
from tb_neuromapper.backend.jobs.job_folder import JobCancelled, read_job_state, request_cancel
from tb_neuromapper.backend.jobs.local_worker import LocalWorker, WorkerDied
from tb_neuromapper.backend.log.arrays import ArrayLoader
from tb_neuromapper.backend.log.blocks import Slice, block_slices
from tb_neuromapper.backend.log.run_log import RunLog
from tb_neuromapper.backend.log.storage import ArraySource
from tb_neuromapper.schema import RecordError

_MAX_PROJECTIONS = 512


class Projections:
    """All projections of one TensorBoard.

    Args:
        cache: Where results are found and stored.
        loader: Names arrays for the worker.
        executor: Runs the jobs.
    """

    def __init__(self, cache: ResultCache, loader: ArrayLoader, executor: Executor) -> None:
        self._cache = cache
        self._loader = loader
        self._executor = executor
        self._lock = threading.RLock()
        self._projections: dict[str, Projection] = {}
        self._warm = False
        # Begins with the clock: a URL that a browser cached before a restart must not come back.
        self._revisions = itertools.count(int(time.time() * 1000))

    def warm_up(self) -> None:
        """Let the worker start and compile before the first projection is asked for; does nothing the second time."""
        with self._lock:
            if not self._warm:
                self._warm = True
                with contextlib.suppress(OSError):  # A cluster that is down is reported with the first layout.
                    self._executor.submit(warm_up)

    def request(
        self,
        log: RunLog,
        block: str,
        parameters: ProjectionParameters,
        *,
        focus: int | None = None,
        unless_cancelled: bool = False,
    ) -> Projection:
        """The projection, brought up to date with the log: a job is started unless one runs or nothing is missing.

        Args:
            log: The run.
            block: One of its blocks.
            parameters: What shapes the layout.
            focus: The epoch that is displayed; if the parameters have changed, its surroundings are laid out first.
            unless_cancelled: A projection that was cancelled stays so, whatever was logged since.
        """
        with self._lock:
            projection = self._find(log, block, parameters)
            projection.log, projection.focus = log, focus
            projection.slices = block_slices(log, block)
            projection.prepare(unless_cancelled)
            self._refresh(projection)
            return projection

    def request_pair(
        self,
        logs: tuple[RunLog, RunLog],
        sample_ids: tuple[Sequence[Any], Sequence[Any]],
        block: str,
        parameters: ProjectionParameters,
        *,
        unless_cancelled: bool = False,
    ) -> tuple[Projection, Projection]:
        """One block of two runs in one space: a projection for each run.

        Args:
            logs: The runs; positions are in the first one's rows.
            sample_ids: The ids of each run's samples, by row.
            block: A block that both have.
            parameters: What shapes the layout.
            unless_cancelled: As in `request`.

        Raises:
            ValueError: The runs share no samples.
        """
        pair = match_samples((logs[0].name, logs[1].name), sample_ids)
        with self._lock:
            projection = self._find(replace(logs[0], name=json.dumps(pair.runs)), block, parameters)
            left = self._collect(projection)
            if projection.future is None:  # A running job's slices bear the numbers they had when it started.
                projection.pair, projection.logs = pair, logs
                projection.slices, projection.pair_slices = interleave(logs, pair, block)
                projection.prepare(unless_cancelled)
            self._refresh(projection)
            _remove_folder(left)
            return side_of(projection, 0), side_of(projection, 1)

    def get(self, projection_id: str) -> Projection | None:
        """The projection with this id, up to date with its job, or None."""
        with self._lock:
            own, _, side = projection_id.partition(".")
            projection = self._projections.get(own)
            if projection is not None:
                self._refresh(projection)
            if projection is None or projection.pair is None:
                return projection if not side else None
            return side_of(projection, int(side)) if side in ("0", "1") else None

    def cancel(self, projection_id: str) -> Projection | None:
        """Ask a queued or running job to stop; the projection as it is now, or None if there is none with this id."""
        with self._lock:
            projection = self._projections.get(projection_id.partition(".")[0])
            if projection is not None and projection.future is not None and projection.folder is not None:
                projection.is_cancelled = True
                request_cancel(projection.folder)
                is_umap_learn = projection.parameters.engine == "umap-learn"
                has_started = read_job_state(projection.folder) is not None
                if not projection.future.cancel() and is_umap_learn and has_started:
                    self._kill_worker()  # umap-learn cannot be asked to stop.
            return self.get(projection_id)

    def manifest(self, projection: Projection) -> dict[str, Any]:
        """The projection as docs/http_api.md describes it."""
        with self._lock:
            return projection.manifest()

    def problems(self, run: str) -> list[str]:
        """Sentences about steps of a run that could not be laid out."""
        with self._lock:
            found = {
                f"step {step} of {projection.block}: {message}": None
                for projection in self._projections.values()
                for step, message in projection.problems(run)
            }
        return list(found)

    def clean_up(self) -> None:
        """Remove the folders of running jobs; for the end of the process, which ends the worker too."""
        for projection in list(self._projections.values()):
            _remove_folder(projection.folder)

    def _kill_worker(self) -> None:
        if isinstance(self._executor, LocalWorker):
            self._executor.kill()

    def _find(self, log: RunLog, block: str, parameters: ProjectionParameters) -> Projection:
        key = json.dumps([log.name, block, parameters.as_dict()], sort_keys=True)
        projection_id = hashlib.sha256(key.encode()).hexdigest()[:16]
        projection = self._projections.pop(projection_id, None)
        if projection is None:
            projection = Projection(projection_id, log.name, block, parameters, log)
        idle = [key for key, value in self._projections.items() if value.future is None]
        for key in idle[: max(0, len(self._projections) + 1 - _MAX_PROJECTIONS)]:
            del self._projections[key]
        self._projections[projection_id] = projection  # At the end: the last asked for is the last to go.
        return projection

    def _start(self, projection: Projection) -> None:
        usable = projection.usable()
        projection.tried = tuple(item.checksum for item in usable)
        projection.is_cancelled = False
        try:
            sources = tuple(self._source(projection, item) for item in usable)
            jobs = self._cache.folder / "jobs"
            jobs.mkdir(parents=True, exist_ok=True)
            projection.folder = Path(tempfile.mkdtemp(prefix=f"{projection.id}-", dir=jobs))
            steps = tuple(item.step for item in usable)
            start_from = self._layout_to_start_from(projection, len(usable))
            parameters, focus = projection.parameters, projection.focus
            sides = tuple(projection.pair_slices[item.step].side for item in usable) if projection.pair else ()
            job = ProjectionJob(projection.folder, self._cache, steps, sources, parameters, start_from, focus, sides)
            projection.future = self._executor.submit(project, job)
        except (OSError, RecordError) as error:
            _remove_folder(projection.folder)
            projection.folder = None
            projection.ended = ("failed", f"the job could not be started: {error}")

    def _source(self, projection: Projection, item: Slice) -> ArraySource:
        entry = projection.entry(item.step)
        if entry is None:
            raise RecordError(f"step {item.step} of {projection.block} is no longer in the log.")
        source = self._loader.source(entry, item.tensor)
        if projection.pair is None:
            return source
        return replace(source, rows=projection.pair.rows[projection.pair_slices[item.step].side])

    def _layout_to_start_from(self, projection: Projection, n_slices: int) -> ProjectionParameters | None:
        """The parameters of the newest finished layout of the same slices, of which this one is a variation."""
        parameters = projection.parameters
        for other in reversed(self._projections.values()):
            is_variation = (other.run, other.block) == (projection.run, projection.block) and other is not projection
            is_finished = other.is_covered() and len(other.published.snapshot.steps) == n_slices
            alike = (other.parameters.metric, other.parameters.engine) == (parameters.metric, parameters.engine)
            if is_variation and is_finished and alike and other.parameters.seed == parameters.seed:
                return other.parameters
        return None

    def _refresh(self, projection: Projection) -> None:
        """Take over what the job has done, and start one if steps are missing that none has tried yet."""
        left = self._collect(projection)
        self._publish(projection, self._newest_snapshot(projection))
        _remove_folder(left)
        usable = tuple(item.checksum for item in projection.usable())
        if usable and projection.future is None and not projection.is_covered() and usable != projection.tried:
            self._start(projection)

    def _collect(self, projection: Projection) -> Path | None:
        """Take over the result of a job that has ended; its folder, for removal once nothing in it is published."""
        if projection.future is None or not projection.future.done():
            return None
        try:
            for item in projection.future.result():
                projection.broken[item.checksum] = (item, projection.stamp(item.step))
            projection.ended = ("done", "")
        except (JobCancelled, CancelledError):
            projection.ended = CANCELLED
        except Exception as error:
            is_ours = projection.is_cancelled and isinstance(error, WorkerDied)
            projection.ended = CANCELLED if is_ours else ("failed", str(error) or type(error).__name__)
        if projection.ended[0] != "done":
            # What was logged meanwhile is not tried automatically: the user stopped it, or it would fail again.
            projection.tried = tuple(item.checksum for item in projection.usable())
        left, projection.future, projection.folder = projection.folder, None, None
        return left

    def _newest_snapshot(self, projection: Projection) -> LayoutSnapshot:
        if projection.future is not None and projection.folder is not None:
            state = read_job_state(projection.folder)
            if state is not None and state.version:
                name = f"{projection.folder.name}:{state.version}"
                tokens = tuple(f"{name}:{index}" for index in range(len(state.steps)))
                return LayoutSnapshot(state.steps, tokens, (projection.folder, state.version))
        usable = projection.usable()
        stored = self._cache.find_layout([item.checksum for item in usable], projection.parameters.as_dict())
        if stored is None:
            return LayoutSnapshot()
        steps = tuple(item.step for item in usable[: len(stored)])
        return LayoutSnapshot(steps, tuple(f"{stored.token(index)}:{index}" for index in range(len(stored))), stored)

    def _publish(self, projection: Projection, snapshot: LayoutSnapshot) -> None:
        before = projection.published
        try:
            projection.published = publish(snapshot, before, self._revisions)
        except (OSError, EOFError, ValueError):
            # An intermediate layout was replaced while it was read: the next look finds the newer one. A finished
            # one that cannot be read is damaged: it is computed again.
            if isinstance(snapshot.layout, StoredLayout):
                self._cache.discard(snapshot.layout)
                projection.published, projection.tried = PublishedLayout(extent=before.extent), ()


def _remove_folder(folder: Path | None) -> None:
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)

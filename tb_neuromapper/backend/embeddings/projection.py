"""One projection: a block of a run, or of two, under one set of parameters, and how far it is."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tb_neuromapper.backend.cache import StoredLayout
from tb_neuromapper.backend.embeddings.job_slices import BrokenSlice
from tb_neuromapper.backend.embeddings.parameters import ProjectionParameters
from tb_neuromapper.backend.embeddings.quality import describe_quality
from tb_neuromapper.backend.embeddings.run_pairs import PairSlice, RunPair
from tb_neuromapper.backend.embeddings.snapshot import PairSideSnapshot, PublishedLayout
from tb_neuromapper.backend.jobs.job_folder import read_job_state
from tb_neuromapper.backend.log.blocks import Slice
from tb_neuromapper.backend.log.run_log import LogEntry, RunLog

CANCELLED = ("cancelled", "cancelled; ask again to go on")

FileStamp = tuple[int, int] | None


@dataclass
class Projection:
    """One block of one run under one set of parameters, as it is now.

    Of two runs in one space, a step is the number of a slice, whose run and epoch `pair_slices` holds.

    Attributes:
        id: Names it over HTTP.
        run: The run's name; of a pair both names as JSON.
        block: The block's name.
        parameters: What shapes the layout.
        log: The run as it was when the projection was last asked for.
        focus: The epoch that is displayed, or None.
        slices: The steps at which the block was logged.
        broken: By checksum the slices that could not be laid out, each with the stamp that its file had then.
        published: What a client may see.
        future: The job's result, while one is queued or runs.
        folder: The job's folder, while one is queued or runs.
        tried: The checksums of the slices that the last job was given.
        is_cancelled: The present job has been asked to stop.
        ended: State and message after the last job.
        pair: The two runs, if they are two.
        logs: The pair's runs as they were when the projection was last asked for.
        pair_slices: Whose slice each of a pair's slices is.
    """

    id: str
    run: str
    block: str
    parameters: ProjectionParameters
    log: RunLog
    focus: int | None = None
    slices: list[Slice] = field(default_factory=list)
    broken: dict[str, tuple[BrokenSlice, FileStamp]] = field(default_factory=dict)
    published: PublishedLayout = field(default_factory=PublishedLayout)
    future: Future[list[BrokenSlice]] | None = None
    folder: Path | None = None
    tried: tuple[str, ...] = ()
    is_cancelled: bool = False
    ended: tuple[str, str] = ("done", "")
    pair: RunPair | None = None
    logs: tuple[RunLog, RunLog] | None = None
    pair_slices: list[PairSlice] = field(default_factory=list)

    def usable(self) -> list[Slice]:
        """The slices that are not known to be broken."""
        return [item for item in self.slices if item.checksum not in self.broken]

    def entry(self, step: int) -> LogEntry | None:
        """The record of the activations of a slice."""
        log = self.log
        if self.logs is not None:
            if step >= len(self.pair_slices):
                return None
            log, step = self.logs[self.pair_slices[step].side], self.pair_slices[step].step
        return log.entries.get("activations", {}).get(step)

    def problems(self, run: str) -> list[tuple[int, str]]:
        """The epochs of a run that could not be laid out, and why."""
        if self.pair is None:
            return [(item.step, item.message) for item, _ in self.broken.values()] if self.run == run else []
        broken = [(self.pair_slices[item.step], item.checksum) for item in self.slices if item.checksum in self.broken]
        return [(own.step, self.broken[key][0].message) for own, key in broken if self.pair.runs[own.side] == run]

    def is_covered(self) -> bool:
        """Whether a finished layout holds every usable step."""
        snapshot = self.published.snapshot
        return isinstance(snapshot.layout, StoredLayout) and len(snapshot.steps) == len(self.usable())

    def stamp(self, step: int) -> FileStamp:
        """Time (ns) and size (bytes) of the file of a step's activations; None without one."""
        entry = self.entry(step)
        try:
            status = entry.path.stat() if entry is not None and entry.path is not None else None
        except OSError:
            return None
        return (status.st_mtime_ns, status.st_size) if status is not None else None

    def prepare(self, unless_cancelled: bool) -> None:
        """Let all slices be tried again, broken ones if their file has changed; none if it is to stay cancelled."""
        self.broken = {
            key: (item, stamp) for key, (item, stamp) in self.broken.items() if stamp == self.stamp(item.step)
        }
        is_cancelled = self.future is None and self.ended == CANCELLED
        self.tried = tuple(item.checksum for item in self.usable()) if unless_cancelled and is_cancelled else ()

    def state(self) -> tuple[str, float, str]:
        """State, progress from 0 to 1, and a sentence."""
        if self.future is None:
            state, message = self.ended
            if not self.usable():
                reason = next((item for item, _ in self.broken.values()), None)
                return "failed", 0.0, reason.message if reason else "no step of this block has been logged"
            if state == "done" and not self.published.snapshot.steps:
                return "failed", 0.0, "the layout is not in the cache any more; is --neuromapper_cache_gb too small?"
            return state, 1.0 if state == "done" else 0.0, message
        reported = read_job_state(self.folder) if self.folder is not None else None
        if reported is None:
            return "queued", 0.0, "waiting for the worker"
        return "running", reported.progress, reported.message

    def manifest(self) -> dict[str, Any]:
        """The projection as docs/http_api.md describes it."""
        state, progress, message = self.state()
        published = self.published
        steps = published.snapshot.steps
        return {
            "id": self.id,
            "run": self.run,
            "block": self.block,
            "parameters": self.parameters.as_dict(),
            "state": state,
            "progress": round(progress, 3),
            "message": message,
            "steps": list(steps),
            "revisions": [published.revisions[step][1] for step in steps],
            "extent": published.extent,
            "quality": describe_quality([published.qualities.get(token) for token in published.snapshot.tokens]),
            **(_describe_pair(self.pair) if self.pair is not None else {}),
        }


def side_of(projection: Projection, side: int) -> Projection:
    """One run of a pair as a projection of its own, whose steps are the run's epochs; a copy, as it is now."""
    assert projection.pair is not None
    whole, published = projection.published.snapshot, projection.published
    token_of = dict(zip(whole.steps, whole.tokens, strict=True))
    own = [(number, item.step) for number, item in enumerate(projection.pair_slices) if item.side == side]
    placed = [(number, step) for number, step in own if number in token_of]
    numbers, steps = tuple(number for number, _ in placed), tuple(step for _, step in placed)
    tokens = tuple(token_of[number] for number in numbers)
    measured = [(token, step) for token, step in zip(tokens, steps, strict=True) if token in published.qualities]
    return replace(
        projection,
        id=f"{projection.id}.{side}",
        run=projection.pair.runs[side],
        slices=[replace(projection.slices[number], step=step) for number, step in own],
        published=PublishedLayout(
            PairSideSnapshot(steps, tokens, whole.layout, whole, numbers, projection.pair),
            published.extent,
            {step: published.revisions[number] for number, step in placed},
            {},
            {token: {**published.qualities[token], "step": step} for token, step in measured},
        ),
    )


def _describe_pair(pair: RunPair) -> dict[str, Any]:
    return {"runs": list(pair.runs), "n_common": pair.n_common, "n_samples": list(pair.n_samples)}

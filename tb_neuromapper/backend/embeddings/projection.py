"""One projection: a block of a run, or of two, under one set of parameters, and how far it is."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tb_neuromapper.backend.cache import StoredLayout
from tb_neuromapper.backend.embeddings.layout_job import BrokenSlice
from tb_neuromapper.backend.embeddings.parameters import ProjectionParameters
from tb_neuromapper.backend.embeddings.quality import describe_quality
from tb_neuromapper.backend.embeddings.run_pairs import Pair, PairSlice
from tb_neuromapper.backend.embeddings.snapshot import Shown, SidePicture
from tb_neuromapper.backend.jobs.job_folder import read_job_state
from tb_neuromapper.backend.log.blocks import Slice
from tb_neuromapper.backend.log.reader import LogEntry, RunLog

CANCELLED = ("cancelled", "cancelled; ask again to go on")

FileStamp = tuple[int, int] | None


@dataclass
class Projection:
    """One block of one run under one set of parameters, as it is now."""

    id: str
    run: str
    block: str
    parameters: ProjectionParameters
    log: RunLog
    focus: int | None = None
    slices: list[Slice] = field(default_factory=list)
    broken: dict[str, tuple[BrokenSlice, FileStamp]] = field(default_factory=dict)
    shown: Shown = field(default_factory=Shown)
    future: Future[list[BrokenSlice]] | None = None
    folder: Path | None = None
    tried: tuple[str, ...] = ()
    is_cancelled: bool = False
    ended: tuple[str, str] = ("done", "")
    # Of two runs in one space: the runs, and whose slice at which step each of `slices` is; they are numbered.
    pair: Pair | None = None
    logs: tuple[RunLog, RunLog] | None = None
    turns: list[PairSlice] = field(default_factory=list)

    def usable(self) -> list[Slice]:
        return [item for item in self.slices if item.checksum not in self.broken]

    def entry(self, step: int) -> LogEntry | None:
        """The record of the activations of a slice."""
        log = self.log
        if self.logs is not None:
            if step >= len(self.turns):
                return None
            log, step = self.logs[self.turns[step].side], self.turns[step].step
        return log.entries.get("activations", {}).get(step)

    def problems(self, run: str) -> list[tuple[int, str]]:
        """The steps of a run that could not be laid out, and why."""
        if self.pair is None:
            return [(item.step, item.message) for item, _ in self.broken.values()] if self.run == run else []
        broken = [(self.turns[item.step], item.checksum) for item in self.slices if item.checksum in self.broken]
        return [(turn.step, self.broken[key][0].message) for turn, key in broken if self.pair.runs[turn.side] == run]

    def is_covered(self) -> bool:
        """Whether a finished layout shows every usable step."""
        picture = self.shown.picture
        return isinstance(picture.layout, StoredLayout) and len(picture.steps) == len(self.usable())

    def stamp(self, step: int) -> FileStamp:
        """Time and size of the file of a step's activations; None without one."""
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
            if state == "done" and not self.shown.picture.steps:
                return "failed", 0.0, "the layout is not in the cache any more; is --neuromapper_cache_gb too small?"
            return state, 1.0 if state == "done" else 0.0, message
        reported = read_job_state(self.folder) if self.folder is not None else None
        if reported is None:
            return "queued", 0.0, "waiting for the worker"
        return "running", reported.progress, reported.message

    def manifest(self) -> dict[str, Any]:
        """As docs/http_api.md describes it."""
        state, progress, message = self.state()
        shown = self.shown
        steps = shown.picture.steps
        return {
            "id": self.id,
            "run": self.run,
            "block": self.block,
            "parameters": self.parameters.as_dict(),
            "state": state,
            "progress": round(progress, 3),
            "message": message,
            "steps": list(steps),
            "revisions": [shown.revisions[step][1] for step in steps],
            "extent": shown.extent,
            "quality": describe_quality([shown.qualities.get(token) for token in shown.picture.tokens]),
            **(_describe_pair(self.pair) if self.pair is not None else {}),
        }


def side_of(projection: Projection, side: int) -> Projection:
    """One run of a pair as a projection of its own, as it is now."""
    assert projection.pair is not None
    shown, picture = projection.shown, projection.shown.picture
    token_of = dict(zip(picture.steps, picture.tokens, strict=True))
    turns = [(number, turn.step) for number, turn in enumerate(projection.turns) if turn.side == side]
    chosen = [(number, step) for number, step in turns if number in token_of]
    numbers, steps = tuple(number for number, _ in chosen), tuple(step for _, step in chosen)
    tokens = tuple(token_of[number] for number in numbers)
    measured = [(token, step) for token, step in zip(tokens, steps, strict=True) if token in shown.qualities]
    return replace(
        projection,
        id=f"{projection.id}.{side}",
        run=projection.pair.runs[side],
        slices=[replace(projection.slices[number], step=step) for number, step in turns],
        shown=Shown(
            SidePicture(steps, tokens, picture.layout, picture, numbers, projection.pair),
            shown.extent,
            {step: shown.revisions[number] for number, step in chosen},
            {},
            {token: {**shown.qualities[token], "step": step} for token, step in measured},
        ),
    )


def _describe_pair(pair: Pair) -> dict[str, Any]:
    return {"runs": list(pair.runs), "n_common": pair.n_common, "n_samples": list(pair.n_samples)}

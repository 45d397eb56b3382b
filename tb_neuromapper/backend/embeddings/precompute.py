"""Logs and layouts without TensorBoard around them: for scripts, notebooks and the command line."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer

from tb_neuromapper.backend.cache import ResultCache
from tb_neuromapper.backend.embeddings.parameters import ProjectionParameters
from tb_neuromapper.backend.embeddings.projection import Projection
from tb_neuromapper.backend.embeddings.projections import Projections
from tb_neuromapper.backend.embeddings.view import block_names
from tb_neuromapper.backend.log.arrays import ArrayLoader
from tb_neuromapper.backend.log.reader import LogReader, RunLog
from tb_neuromapper.schema import PLUGIN_NAME

_SECONDS_BETWEEN_LOOKS = 0.1


@dataclass(frozen=True)
class Progress:
    """How far one block's projection is.

    Attributes:
        run: The run's name.
        block: The block's name.
        state: As in docs/http_api.md.
        share: 0 to 1.
        message: What is being done, or why it failed.
    """

    run: str
    block: str
    state: str
    share: float
    message: str


def read_run(folder: Path) -> tuple[LogReader, RunLog | None]:
    """One run's reader and index; the index is None if the folder holds none of our data."""
    folder = folder.expanduser().resolve()
    multiplexer = _multiplexer()
    multiplexer.AddRun(str(folder), name=folder.name)
    multiplexer.Reload()
    reader = LogReader(data_provider.MultiplexerDataProvider(multiplexer, str(folder)), lambda _: folder)
    return reader, reader.run_log(folder.name)


def read_log_directory(log_dir: Path) -> tuple[LogReader, list[RunLog]]:
    """The reader of a log directory and the indexes of its runs with our data."""
    multiplexer = _multiplexer()
    multiplexer.AddRunsFromDirectory(str(log_dir))
    multiplexer.Reload()
    provider = data_provider.MultiplexerDataProvider(multiplexer, str(log_dir))
    reader = LogReader(provider, lambda run: Path(multiplexer.RunPaths()[run]))
    names, _ = reader.run_names()
    return reader, [log for log in map(reader.run_log, names) if log is not None]


def precompute(
    reader: LogReader,
    logs: list[RunLog],
    parameters: ProjectionParameters,
    cache: ResultCache,
    executor: Executor,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Progress]:
    """Lay out every block of every run into the cache, one after the other, telling how far each is."""
    projections = Projections(cache, ArrayLoader(reader, cache), executor)
    for log in logs:
        for block in block_names(log):
            yield from follow(projections, projections.request(log, block, parameters), sleep=sleep)


def follow(
    projections: Projections, projection: Projection, *, sleep: Callable[[float], None] = time.sleep
) -> Iterator[Progress]:
    """How far a projection is, again and again until its job has ended."""
    while True:
        manifest = projections.manifest(projections.get(projection.id) or projection)
        state = manifest["state"]
        yield Progress(projection.run, projection.block, state, manifest["progress"], manifest["message"])
        if state not in ("queued", "running"):
            return
        sleep(_SECONDS_BETWEEN_LOOKS)


def _multiplexer() -> plugin_event_multiplexer.EventMultiplexer:
    return plugin_event_multiplexer.EventMultiplexer(tensor_size_guidance={PLUGIN_NAME: 0, "scalars": 0})

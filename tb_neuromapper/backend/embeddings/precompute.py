"""All layouts of some runs, one after the other, without TensorBoard around them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass

from tb_neuromapper.backend.cache import ResultCache
from tb_neuromapper.backend.embeddings.parameters import ProjectionParameters
from tb_neuromapper.backend.embeddings.projection import Projection
from tb_neuromapper.backend.embeddings.projections import Projections
from tb_neuromapper.backend.log.arrays import ArrayLoader
from tb_neuromapper.backend.log.blocks import block_names
from tb_neuromapper.backend.log.reader import LogReader
from tb_neuromapper.backend.log.run_log import RunLog

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

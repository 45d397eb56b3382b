"""What a screen of the backend is given, and what it gives.

A screen is a class that `screens.SCREENS` lists. It is made with the services and has `applications`. Each further
method is a protocol below, which it may fulfil.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from tb_neuromapper.backend.cache import ResultCache
from tb_neuromapper.backend.http.requests import Application, HttpError, listed
from tb_neuromapper.backend.log.arrays import ArrayLoader
from tb_neuromapper.backend.log.gradient_steps import GradientSteps
from tb_neuromapper.backend.log.reader import LogReader
from tb_neuromapper.backend.log.run_log import RunLog
from tb_neuromapper.backend.log.scalars import ScalarReader


@dataclass(frozen=True)
class Services:
    """What all screens of one TensorBoard share; `open_services` makes it.

    Attributes:
        reader: Indexes the runs.
        arrays: Loads their arrays.
        gradient_steps: Loads the steps of their gradient flow, and keeps what was read.
        scalars: Reads everybody's scalars.
        cache: Where results are found and stored.
        executor: Runs jobs in the worker.
        log_dir: What TensorBoard was started with, for display.
        flags: TensorBoard's flags; none of them need be there.
    """

    reader: LogReader
    arrays: ArrayLoader
    gradient_steps: GradientSteps
    scalars: ScalarReader
    cache: ResultCache
    executor: Executor
    log_dir: str = ""
    flags: argparse.Namespace = field(default_factory=argparse.Namespace)

    def run_log(self, name: str) -> RunLog:
        """A run's index.

        Raises:
            HttpError: There is no such run, or it has none of our data.
        """
        log = self.reader.run_log(name)
        if log is None:
            names, _ = self.reader.run_names()
            raise HttpError(404, f"there is no run {name[:200]!r} with NeuroMapper data; there are {listed(names)}.")
        return log


def open_services(
    reader: LogReader,
    cache: ResultCache,
    executor: Executor,
    *,
    log_dir: str,
    flags: argparse.Namespace | None = None,
    n_scalars_kept: int = 0,
) -> Services:
    """The services over one log directory.

    Args:
        reader: Indexes its runs.
        cache: Where results are found and stored.
        executor: Runs jobs.
        log_dir: The log directory, for display.
        flags: TensorBoard's flags, if it is one.
        n_scalars_kept: How many values of a scalar TensorBoard keeps; 0 = all.
    """
    arrays = ArrayLoader(reader, cache)
    scalars = ScalarReader(reader.provider, n_scalars_kept)
    flags = argparse.Namespace() if flags is None else flags
    return Services(reader, arrays, GradientSteps(arrays), scalars, cache, executor, log_dir, flags)


class Screen(Protocol):
    """What every screen has."""

    def applications(self) -> dict[str, Application]:
        """WSGI applications by path."""
        ...


@runtime_checkable
class DescribesRuns(Protocol):
    """A screen that has something to say of each run before it is opened."""

    def describe_run(self, log: RunLog) -> Mapping[str, Any]:
        """What it adds to the run's line in `GET runs`."""
        ...


@runtime_checkable
class DescribesServer(Protocol):
    """A screen that has something to say of this TensorBoard."""

    def describe_server(self) -> Mapping[str, Any]:
        """What it adds to `GET runs` beside the runs."""
        ...


@runtime_checkable
class FindsProblems(Protocol):
    """A screen that finds faults of a run which its index does not show."""

    def problems(self, run: str) -> list[str]:
        """Sentences, which `GET runs` and `GET run` list after those of the index."""
        ...


@runtime_checkable
class WarmsUp(Protocol):
    """A screen whose first answer takes long."""

    def warm_up(self) -> None:
        """Get ready in the background: someone has opened the page. It is called with every `GET runs`."""
        ...


@runtime_checkable
class Closes(Protocol):
    """A screen that holds something which outlives its requests."""

    def close(self) -> None:
        """End it; called once, when TensorBoard ends."""
        ...

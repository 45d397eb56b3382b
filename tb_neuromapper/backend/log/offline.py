"""Reads logs without TensorBoard around them: for scripts, notebooks and the command line."""

from __future__ import annotations

from pathlib import Path

from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer

from tb_neuromapper.backend.log.reader import LogReader
from tb_neuromapper.backend.log.run_log import RunLog
from tb_neuromapper.schema import PLUGIN_NAME


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


def _multiplexer() -> plugin_event_multiplexer.EventMultiplexer:
    return plugin_event_multiplexer.EventMultiplexer(tensor_size_guidance={PLUGIN_NAME: 0, "scalars": 0})

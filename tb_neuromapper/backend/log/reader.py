"""Reads what runs hold through TensorBoard's data provider: an index per run, never the arrays themselves.

Both ingesters (TensorBoard's Python one and its Rust data server) are behind the same provider. An index is kept until
the provider reports another last step or wall time.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tensorboard.context import RequestContext
from tensorboard.data.provider import DataProvider, RunTagFilter

from tb_neuromapper.backend.log.run_log import Announced, BlobKeys, RunLog, assemble
from tb_neuromapper.schema import ASSET_FOLDER, KINDS, PLUGIN_NAME, Record, RecordError, decode, tag

# The plugin's sampling hint is 0, "keep all"; a read with that number would return nothing.
_ALL_STEPS = 1 << 30


@dataclass(frozen=True)
class _Known:
    """What was read of a run, and the state in which it was read.

    Attributes:
        version: Of the run's events, as `LogReader._versions` gives it.
        announced: Its records.
        problems: Sentences about events that could not be decoded.
        files: The names in its asset folder.
        log: The index that was made of them.
    """

    version: object
    announced: list[Announced]
    problems: list[str]
    files: frozenset[str]
    log: RunLog


class LogReader:
    """Indexes runs.

    Args:
        provider: TensorBoard's data provider.
        run_directory: A run's folder by its name, or None if it is not on this machine.

    Attributes:
        provider: The data provider.
    """

    def __init__(self, provider: DataProvider, run_directory: Callable[[str], Path | None]) -> None:
        self.provider = provider
        self._run_directory = run_directory
        self._lock = threading.Lock()
        self._known: dict[str, _Known] = {}

    def run_names(self) -> tuple[list[str], list[str]]:
        """The names of the runs with our data, and of all others, in TensorBoard's order."""
        runs = self.provider.list_runs(RequestContext(), experiment_id="")
        with_data = self._versions()
        names = sorted({run.run_name for run in runs} | set(with_data))
        with self._lock:
            self._known = {name: known for name, known in self._known.items() if name in with_data}
        return [name for name in names if name in with_data], [name for name in names if name not in with_data]

    def run_log(self, name: str) -> RunLog | None:
        """A run's index, or None if the run has none of our data.

        It is read anew when its events change, and checked anew when files of the run come or go: a run that is being
        copied here becomes whole without a restart.
        """
        version = self._versions(name).get(name)
        if version is None:
            return None
        directory = self._run_directory(name)
        files = _file_names(directory)
        with self._lock:
            known = self._known.get(name)
        if known is None or known.version != version:
            problems: list[str] = []
            announced = list(self._announced(name, problems))
        elif known.files == files and not known.log.has_broken_files:
            return known.log
        else:
            announced, problems = known.announced, known.problems
        log = assemble(name, announced, problems, directory)
        with self._lock:
            self._known[name] = _Known(version, announced, problems, files, log)
        return log

    def read_blob(self, key: str) -> bytes:
        """The bytes of one blob of an event payload."""
        data: bytes = self.provider.read_blob(RequestContext(), blob_key=key)
        return data

    def _versions(self, run: str | None = None) -> dict[str, object]:
        """For each run with our data something that changes whenever its data do."""
        found: dict[str, list[tuple[object, ...]]] = {}
        selection = RunTagFilter(runs=[run] if run is not None else None, tags=[tag(kind) for kind in KINDS])
        for listing in (self.provider.list_tensors, self.provider.list_blob_sequences):
            series = listing(RequestContext(), experiment_id="", plugin_name=PLUGIN_NAME, run_tag_filter=selection)
            for name, tags in series.items():
                for key, value in tags.items():
                    found.setdefault(name, []).append((key, value.max_step, value.max_wall_time))
        return {name: tuple(sorted(values)) for name, values in found.items()}

    def _announced(self, name: str, problems: list[str]) -> Iterator[Announced]:
        selection = RunTagFilter(runs=[name], tags=[tag(kind) for kind in KINDS])
        request: dict[str, Any] = {"experiment_id": "", "plugin_name": PLUGIN_NAME, "downsample": _ALL_STEPS}
        tensors = self.provider.read_tensors(RequestContext(), run_tag_filter=selection, **request)
        blobs = self.provider.read_blob_sequences(RequestContext(), run_tag_filter=selection, **request)
        readers = ((tensors, _decode_tensor), (blobs, self._decode_blobs))
        for series, decode_datum in readers:
            for key, data in series.get(name, {}).items():
                for datum in data:
                    try:
                        record, keys = decode_datum(datum)
                    except RecordError as error:
                        problems.append(f"step {datum.step} of {_kind_of(key)}: {error}")
                    else:
                        yield Announced(record, datum.wall_time, keys)

    def _decode_blobs(self, datum: Any) -> tuple[Record, BlobKeys]:
        keys = tuple(value.blob_key for value in datum.values)
        if not keys:
            raise RecordError("the event holds no blob; its first must be the index.")
        record = decode(self.read_blob(keys[0]))
        if record.file is not None or len(keys) != 1 + len(record.tensors):
            raise RecordError(f"the event holds {len(keys) - 1} arrays; its index names {len(record.tensors)}.")
        return record, keys[1:]


def _decode_tensor(datum: Any) -> tuple[Record, BlobKeys]:
    value = datum.numpy
    item = value.item() if getattr(value, "size", 0) == 1 else None
    if isinstance(item, str):
        item = item.encode()
    if not isinstance(item, bytes):
        raise RecordError("the event does not hold one string; only a JSON index is allowed.")
    record = decode(item)
    if record.file is None:
        raise RecordError("the index names no file and the event holds no arrays.")
    return record, ()


def _file_names(directory: Path | None) -> frozenset[str]:
    """The names in a run's asset folder: one call to the file system, however many records there are."""
    if directory is None:
        return frozenset()
    try:
        with os.scandir(directory / ASSET_FOLDER) as entries:
            return frozenset(entry.name for entry in entries)
    except OSError:
        return frozenset()


def _kind_of(key: str) -> str:
    return key.removeprefix(f"{PLUGIN_NAME}/")

"""Reads what runs hold through TensorBoard's data provider: an index per run, never the arrays themselves.

Both ingesters (TensorBoard's Python one and its Rust data server) are behind the same provider. An index is kept until
the provider reports another last step or wall time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tensorboard.context import RequestContext
from tensorboard.data.provider import DataProvider, RunTagFilter

from tb_neuromapper.backend.storage import sidecar_path
from tb_neuromapper.schema import KINDS, PLUGIN_NAME, Record, RecordError, decode, tag

# The plugin's sampling hint is 0, "keep all"; a read with that number would return nothing.
_ALL_STEPS = 1 << 30
_MAX_PROBLEMS = 100

BlobKeys = tuple[str, ...]


@dataclass(frozen=True)
class LogEntry:
    """One usable record: its index, and the file or the blobs that hold its arrays."""

    record: Record
    path: Path | None
    blob_keys: BlobKeys = ()


@dataclass(frozen=True)
class RunLog:
    """What one run holds, the newest record of each kind and step.

    Attributes:
        name: The run's name as TensorBoard shows it.
        probe: The newest probe record, or None.
        entries: By kind, then by step in ascending order; without `probe`.
        problems: Sentences about records that are left out.
    """

    name: str
    probe: LogEntry | None
    entries: dict[str, dict[int, LogEntry]]
    problems: list[str] = field(default_factory=list)

    def steps(self, kind: str) -> list[int]:
        """The steps that have a usable record of this kind, ascending."""
        return list(self.entries.get(kind, {}))


class LogReader:
    """Indexes runs.

    Args:
        provider: TensorBoard's data provider.
        run_directory: A run's folder by its name, or None if it is not on this machine.
    """

    def __init__(self, provider: DataProvider, run_directory: Callable[[str], Path | None]) -> None:
        self._provider = provider
        self._run_directory = run_directory
        self._lock = threading.Lock()
        self._logs: dict[str, tuple[object, RunLog]] = {}

    def run_names(self) -> tuple[list[str], list[str]]:
        """The names of the runs with our data, and of all others, in TensorBoard's order."""
        runs = self._provider.list_runs(RequestContext(), experiment_id="")
        with_data = self._versions()
        names = sorted({run.run_name for run in runs} | set(with_data))
        return [name for name in names if name in with_data], [name for name in names if name not in with_data]

    def run_log(self, name: str) -> RunLog | None:
        """A run's index, or None if the run has none of our data."""
        version = self._versions(name).get(name)
        if version is None:
            return None
        with self._lock:
            known = self._logs.get(name)
        if known is not None and known[0] == version:
            return _recheck(known[1], self._run_directory(name))
        log = self._read(name)
        with self._lock:
            self._logs[name] = (version, log)
        return log

    def read_blob(self, key: str) -> bytes:
        """The bytes of one blob of an event payload."""
        data: bytes = self._provider.read_blob(RequestContext(), blob_key=key)
        return data

    def _versions(self, run: str | None = None) -> dict[str, object]:
        """For each run with our data something that changes whenever its data do."""
        found: dict[str, list[tuple[object, ...]]] = {}
        selection = RunTagFilter(runs=[run] if run is not None else None, tags=[tag(kind) for kind in KINDS])
        for listing in (self._provider.list_tensors, self._provider.list_blob_sequences):
            series = listing(RequestContext(), experiment_id="", plugin_name=PLUGIN_NAME, run_tag_filter=selection)
            for name, tags in series.items():
                for key, value in tags.items():
                    found.setdefault(name, []).append((key, value.max_step, value.max_wall_time))
        return {name: tuple(sorted(values)) for name, values in found.items()}

    def _read(self, name: str) -> RunLog:
        directory = self._run_directory(name)
        problems: list[str] = []
        newest: dict[tuple[str, int], tuple[float, LogEntry]] = {}
        for kind, step, wall_time, entry in self._entries(name, directory, problems):
            if (kind, step) not in newest or wall_time >= newest[kind, step][0]:
                newest[kind, step] = (wall_time, entry)
        return _assemble(name, newest, problems)

    def _entries(
        self, name: str, directory: Path | None, problems: list[str]
    ) -> Iterable[tuple[str, int, float, LogEntry]]:
        selection = RunTagFilter(runs=[name], tags=[tag(kind) for kind in KINDS])
        request: dict[str, Any] = {"experiment_id": "", "plugin_name": PLUGIN_NAME, "downsample": _ALL_STEPS}
        tensors = self._provider.read_tensors(RequestContext(), run_tag_filter=selection, **request)
        for key, data in tensors.get(name, {}).items():
            for datum in data:
                try:
                    record = _decode_index(datum.numpy)
                    entry = LogEntry(record, _file_of(record, directory))
                except RecordError as error:
                    problems.append(f"step {datum.step} of {_kind_of(key)}: {error}")
                else:
                    yield record.kind, record.step, datum.wall_time, entry
        blobs = self._provider.read_blob_sequences(RequestContext(), run_tag_filter=selection, **request)
        for key, data in blobs.get(name, {}).items():
            for datum in data:
                try:
                    entry = self._blob_entry(tuple(value.blob_key for value in datum.values))
                except RecordError as error:
                    problems.append(f"step {datum.step} of {_kind_of(key)}: {error}")
                else:
                    yield entry.record.kind, entry.record.step, datum.wall_time, entry

    def _blob_entry(self, keys: BlobKeys) -> LogEntry:
        if not keys:
            raise RecordError("the event holds no blob; its first must be the index.")
        record = decode(self.read_blob(keys[0]))
        if record.file is not None or len(keys) != 1 + len(record.tensors):
            raise RecordError(f"the event holds {len(keys) - 1} arrays; its index names {len(record.tensors)}.")
        return LogEntry(record, None, keys[1:])


def _decode_index(value: Any) -> Record:
    item = value.item() if getattr(value, "size", 0) == 1 else None
    if isinstance(item, str):
        item = item.encode()
    if not isinstance(item, bytes):
        raise RecordError("the event does not hold one string; only a JSON index is allowed.")
    record = decode(item)
    if record.file is None:
        raise RecordError("the index names no file and the event holds no arrays.")
    return record


def _file_of(record: Record, directory: Path | None) -> Path:
    if directory is None:
        raise RecordError(
            "its arrays lie beside a remote event file, which is not read; "
            "log with payload='event', or copy the run to this machine."
        )
    assert record.file is not None
    path = sidecar_path(directory, record.file)
    needed, n_bytes = sum(spec.n_bytes for spec in record.tensors.values()), path.stat().st_size
    if n_bytes < needed:
        raise RecordError(f"the file {record.file} is truncated: {n_bytes} bytes, but its arrays need {needed}.")
    return path


def _kind_of(key: str) -> str:
    return key.removeprefix(f"{PLUGIN_NAME}/")


def _assemble(name: str, newest: dict[tuple[str, int], tuple[float, LogEntry]], problems: list[str]) -> RunLog:
    probes = [(wall_time, entry) for (kind, _), (wall_time, entry) in newest.items() if kind == "probe"]
    probe = max(probes, key=lambda item: item[0])[1] if probes else None
    entries: dict[str, dict[int, LogEntry]] = {}
    n_other: dict[str, int] = {}
    for (kind, step), (_, entry) in sorted(newest.items()):
        if kind == "probe":
            continue
        if probe is not None and entry.record.sample_set != probe.record.sample_set:
            n_other[kind] = n_other.get(kind, 0) + 1
            continue
        entries.setdefault(kind, {})[step] = entry
    if probe is None and entries:
        problems.append("no usable probe record: ids, labels and pictures of the samples are unknown.")
    for kind, count in n_other.items():
        problems.append(f"{count} steps of {kind} belong to another probe set than the newest one and are left out.")
    if len(problems) > _MAX_PROBLEMS:
        problems[_MAX_PROBLEMS:] = [f"{len(problems) - _MAX_PROBLEMS} more records are left out."]
    return RunLog(name, probe, entries, problems)


def _recheck(log: RunLog, directory: Path | None) -> RunLog:
    """Leave out records whose file has gone since the index was read."""
    if directory is None:
        return log
    entries: dict[str, dict[int, LogEntry]] = {}
    problems = list(log.problems)
    for kind, by_step in log.entries.items():
        for step, entry in by_step.items():
            if entry.path is not None and not entry.path.is_file():
                problems.append(f"step {step} of {kind}: the file {entry.path.name} is missing.")
            else:
                entries.setdefault(kind, {})[step] = entry
    return RunLog(log.name, log.probe, entries, problems)

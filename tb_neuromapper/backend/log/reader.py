"""Reads what runs hold through TensorBoard's data provider: an index per run, never the arrays themselves.

Both ingesters (TensorBoard's Python one and its Rust data server) are behind the same provider. An index is kept until
the provider reports another last step or wall time.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tensorboard.context import RequestContext
from tensorboard.data.provider import DataProvider, RunTagFilter

from tb_neuromapper.backend.log.checks import SAMPLE_FREE, check_probe, check_record, same_content
from tb_neuromapper.backend.log.storage import sidecar_path
from tb_neuromapper.schema import ASSET_FOLDER, KINDS, PLUGIN_NAME, Record, RecordError, decode, tag

# The plugin's sampling hint is 0, "keep all"; a read with that number would return nothing.
_ALL_STEPS = 1 << 30
_MAX_PROBLEMS = 100

BlobKeys = tuple[str, ...]


@dataclass(frozen=True)
class LogEntry:
    """One usable record: its index, and the file or the blobs that hold its arrays."""

    record: Record
    path: Path | None
    blob_keys: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RunLog:
    """What one run holds, the newest record of each kind and step.

    Attributes:
        name: The run's name as TensorBoard shows it.
        probe: The newest probe record, or None.
        entries: By kind, then by step in ascending order; without `probe`.
        problems: Sentences about records that are left out.
        has_broken_files: Some of them are about files, which may come or be mended.
    """

    name: str
    probe: LogEntry | None
    entries: dict[str, dict[int, LogEntry]]
    problems: list[str] = field(default_factory=list)
    has_broken_files: bool = False

    def steps(self, kind: str) -> list[int]:
        """The steps that have a usable record of this kind, ascending."""
        return list(self.entries.get(kind, {}))


@dataclass(frozen=True)
class _Announced:
    """A record as its event announces it, whether or not its arrays are there."""

    record: Record
    wall_time_s: float
    blob_keys: BlobKeys


@dataclass(frozen=True)
class _Known:
    """What was read of a run, and the state in which it was read."""

    version: object
    announced: list[_Announced]
    problems: list[str]
    files: frozenset[str]
    log: RunLog


class LogReader:
    """Indexes runs.

    Args:
        provider: TensorBoard's data provider.
        run_directory: A run's folder by its name, or None if it is not on this machine.
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
        log = _assemble(name, announced, problems, directory)
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

    def _announced(self, name: str, problems: list[str]) -> Iterator[_Announced]:
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
                        yield _Announced(record, datum.wall_time, keys)

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


def _find_file(announced: _Announced, directory: Path | None) -> Path | None:
    """The record's file, or None if its arrays are in the event.

    Raises:
        RecordError: The file is missing, too short, out of place or out of reach.
    """
    record = announced.record
    if record.file is None:
        return None
    if directory is None:
        raise RecordError(
            "its arrays lie beside a remote event file, which is not read; "
            "log with payload='event', or copy the run to this machine."
        )
    try:
        path = sidecar_path(directory, record.file)
        needed, n_bytes = sum(spec.n_bytes for spec in record.tensors.values()), path.stat().st_size
    except OSError as error:
        raise RecordError(f"the file {record.file} cannot be read ({error.strerror or error}).") from error
    if n_bytes < needed:
        raise RecordError(f"the file {record.file} is truncated: {n_bytes} bytes, but its arrays need {needed}.")
    return path


def _kind_of(key: str) -> str:
    return key.removeprefix(f"{PLUGIN_NAME}/")


def _assemble(name: str, announced: list[_Announced], problems: list[str], directory: Path | None) -> RunLog:
    """Of each kind and step the newest record whose arrays are there and are those of the newest probe set."""
    problems = list(problems)
    n_problems_before = len(problems)
    newest: dict[tuple[str, int], LogEntry] = {}
    for item in sorted(announced, key=lambda item: item.wall_time_s):
        try:
            entry = LogEntry(item.record, _find_file(item, directory), _blobs_by_name(item))
        except RecordError as error:
            problems.append(f"step {item.record.step} of {item.record.kind}: {error}")
        else:
            newest[item.record.kind, item.record.step] = entry
            if item.record.kind == "probe":
                newest["probe", -1] = entry
    has_broken_files = len(problems) > n_problems_before
    probe = _checked_probe(newest.get(("probe", -1)), problems)
    entries = _matching(newest, probe, problems)
    if probe is None and any(kind not in SAMPLE_FREE for kind in entries):
        problems.append("no usable probe record: ids, labels and pictures of the samples are unknown.")
    if len(problems) > _MAX_PROBLEMS:
        problems[_MAX_PROBLEMS:] = [f"{len(problems) - _MAX_PROBLEMS} more records are left out."]
    return RunLog(name, probe, entries, problems, has_broken_files)


def _blobs_by_name(item: _Announced) -> dict[str, str]:
    return dict(zip(item.record.tensors, item.blob_keys, strict=False))


def _checked_probe(entry: LogEntry | None, problems: list[str]) -> LogEntry | None:
    if entry is None:
        return None
    try:
        record, found = check_probe(entry.record)
    except RecordError as error:
        problems.append(f"step {entry.record.step} of probe: {error}")
        return None
    problems += [f"step {record.step} of probe: {problem}" for problem in found]
    return replace(entry, record=record)


def _matching(
    newest: dict[tuple[str, int], LogEntry], probe: LogEntry | None, problems: list[str]
) -> dict[str, dict[int, LogEntry]]:
    """The entries by kind and step that belong to the probe; `problems` gains a sentence for what is left out."""
    entries: dict[str, dict[int, LogEntry]] = {}
    n_other: dict[str, int] = {}
    n_samples = probe.record.attributes["n_samples"] if probe is not None else _most_rows(newest)
    for (kind, step), entry in sorted(newest.items(), key=lambda item: item[0]):
        if kind == "probe":
            continue
        if probe is not None and not same_content(entry.record, probe.record):
            n_other[kind] = n_other.get(kind, 0) + 1
            continue
        try:
            record, found = check_record(entry.record, n_samples)
        except RecordError as error:
            problems.append(f"step {step} of {kind}: {error}")
            continue
        problems += [f"step {step} of {kind}: {problem}" for problem in found]
        entries.setdefault(kind, {})[step] = replace(entry, record=record)
    for kind, count in n_other.items():
        steps = "1 step" if count == 1 else f"{count} steps"
        problems.append(f"{steps} of {kind} show other samples than the newest probe set and are left out.")
    return entries


def _most_rows(newest: dict[tuple[str, int], LogEntry]) -> int:
    """Without a probe record: the number of rows that most tensors of the activations have."""
    rows = Counter(
        spec.shape[0]
        for (kind, _), entry in newest.items()
        for spec in entry.record.tensors.values()
        if kind == "activations" and len(spec.shape) == 2
    )
    return rows.most_common(1)[0][0] if rows else 0

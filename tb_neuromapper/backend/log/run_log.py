"""The index of one run: of all records that its events announce, those that can be used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tb_neuromapper.backend.log.checks import SAMPLE_FREE, check_probe, check_record, same_content
from tb_neuromapper.backend.log.storage import sidecar_path
from tb_neuromapper.schema import Record, RecordError

_MAX_PROBLEMS = 100

BlobKeys = tuple[str, ...]


@dataclass(frozen=True)
class LogEntry:
    """One usable record: its index, and the file or the blobs that hold its arrays.

    Attributes:
        record: The index, without the tensors that cannot be used.
        path: The file; None if the arrays are in the event.
        blob_keys: The keys of the event's blobs by tensor; empty if there is a file.
    """

    record: Record
    path: Path | None
    blob_keys: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RunLog:
    """What one run holds, the newest record of each kind and step.

    Attributes:
        name: The run's name as TensorBoard shows it.
        probe: The newest probe record, or None.
        entries: By kind, then by step in ascending order, without `probe`; a step is a training step for `gradients`
            and `parameters`, else an epoch.
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
class Announced:
    """A record as its event announces it, whether or not its arrays are there.

    Attributes:
        record: The index.
        wall_time_s: When the event was written, seconds since 1970.
        blob_keys: The keys of the blobs that follow the index in the event, in the order of its tensors.
    """

    record: Record
    wall_time_s: float
    blob_keys: BlobKeys


def assemble(name: str, announced: Sequence[Announced], problems: Sequence[str], directory: Path | None) -> RunLog:
    """A run's index: of each kind and step the newest record whose arrays are there and are of the newest probe set.

    Args:
        name: The run's name.
        announced: Its records, in any order.
        problems: Sentences about events that could not be decoded; they come first in the index.
        directory: The run's folder, or None if it is not on this machine.
    """
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


def _find_file(announced: Announced, directory: Path | None) -> Path | None:
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


def _blobs_by_name(item: Announced) -> dict[str, str]:
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

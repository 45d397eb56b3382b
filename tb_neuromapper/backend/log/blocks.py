"""What a run's index says of its blocks, their slices and the probe's samples. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from tb_neuromapper.backend.log.run_log import RunLog
from tb_neuromapper.schema import TensorSpec

ACTIVATIONS = "activations/"


@dataclass(frozen=True)
class Slice:
    """One block at one epoch: where its activations are in the log.

    Attributes:
        step: The epoch.
        tensor: The tensor's name in that epoch's `activations` record.
        checksum: Hex SHA-256 of the activations, which tells the content apart from any other.
    """

    step: int
    tensor: str
    checksum: str


def block_names(log: RunLog) -> list[str]:
    """The blocks of a run from input to output: those of its last epoch, then those of earlier epochs only."""
    names: dict[str, None] = {}
    for entry in reversed(log.entries.get("activations", {}).values()):
        names.update({name.removeprefix(ACTIVATIONS): None for name in entry.record.tensors})
    return list(names)


def block_slices(log: RunLog, block: str) -> list[Slice]:
    """The epochs at which a block was logged, ascending."""
    tensor = ACTIVATIONS + block
    entries = log.entries.get("activations", {})
    return [
        Slice(step, tensor, entry.record.tensors[tensor].checksum)
        for step, entry in entries.items()
        if tensor in entry.record.tensors
    ]


def n_samples(log: RunLog) -> int:
    """The number of probe samples; without a probe record, the rows of the first activations."""
    if log.probe is not None:
        return int(log.probe.record.attributes["n_samples"])
    for entry in log.entries.get("activations", {}).values():
        return _n_rows(entry.record.tensors)
    return 0


def probe_version(log: RunLog) -> str | None:
    """Something that differs between any two probe records: what was read of one must not be shown with another."""
    if log.probe is None:
        return None
    checksums = ",".join(f"{name}:{spec.checksum}" for name, spec in log.probe.record.tensors.items())
    return hashlib.sha256(checksums.encode()).hexdigest()[:16]


def _n_rows(tensors: Mapping[str, TensorSpec]) -> int:
    return next((spec.shape[0] for spec in tensors.values() if spec.dtype != "json" and spec.shape), 0)

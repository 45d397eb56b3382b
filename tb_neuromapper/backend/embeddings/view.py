"""The embeddings screen: what its routes answer, from indexes and arrays. Pure: no files, no sockets."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_neuromapper.backend.log.reader import RunLog

FloatArray = npt.NDArray[np.float32]
Extent = tuple[float, float, float, float]

PER_SHEET = 256
SHEET_COLUMNS = 16
_PREFIX = "activations/"
_N_QUANTA = 65535
_MARGIN = 0.08


@dataclass(frozen=True)
class Slice:
    """One block at one step: where its activations are in the log."""

    step: int
    tensor: str
    checksum: str


def block_names(log: RunLog) -> list[str]:
    """The blocks of a run from input to output: those of its last step, then those of earlier steps only."""
    names: dict[str, None] = {}
    for entry in reversed(log.entries.get("activations", {}).values()):
        names.update({name.removeprefix(_PREFIX): None for name in entry.record.tensors})
    return list(names)


def block_slices(log: RunLog, block: str) -> list[Slice]:
    """The steps at which a block was logged, ascending."""
    tensor = _PREFIX + block
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
        return _rows(entry.record.tensors)
    return 0


def describe_briefly(log: RunLog, problems: Sequence[str]) -> dict[str, Any]:
    """A run's line in `GET runs`."""
    return {
        "name": log.name,
        "n_samples": n_samples(log),
        "blocks": block_names(log),
        "steps": log.steps("activations"),
        "problems": [*log.problems, *problems],
    }


def describe(log: RunLog, class_names: Sequence[str] | None, problems: Sequence[str]) -> dict[str, Any]:
    """`GET run`."""
    probe = log.probe.record.tensors if log.probe is not None else {}
    label_kind = "class" if "probe/labels" in probe else "target" if "probe/targets" in probe else None
    return {
        **describe_briefly(log, problems),
        "sample_set": log.probe.record.sample_set if log.probe is not None else None,
        "probe_version": probe_version(log),
        "outcome_steps": log.steps("outcomes"),
        "blocks": [_describe_block(log, block) for block in block_names(log)],
        "label_kind": label_kind,
        "class_names": class_names,
        "metadata": [name.removeprefix("probe/metadata/") for name in probe if name.startswith("probe/metadata/")],
        "thumbnails": _describe_thumbnails(probe),
    }


def probe_version(log: RunLog) -> str | None:
    """Something that differs between any two probe records: what was read of one must not be shown with another."""
    if log.probe is None:
        return None
    checksums = ",".join(f"{name}:{spec.checksum}" for name, spec in log.probe.record.tensors.items())
    return hashlib.sha256(checksums.encode()).hexdigest()[:16]


def quantise(positions: FloatArray, extent: Extent) -> npt.NDArray[np.uint16]:
    """Positions (n, 2) as uint16: x is extent's minimum + x / 65535 of its side; 65535 itself stands for NaN."""
    low, high = np.array(extent[:2], np.float64), np.array(extent[2:], np.float64)
    share = (positions.astype(np.float64) - low) / np.maximum(high - low, 1e-12)
    missing = ~np.isfinite(share).all(axis=1)
    share[missing] = 0
    quanta = np.clip(np.rint(share * _N_QUANTA), 0, _N_QUANTA - 1).astype(np.uint16)
    quanta[missing] = _N_QUANTA
    return quanta


def bounds(positions: FloatArray) -> Extent | None:
    """Smallest box around the finite positions, or None if there are none."""
    finite = positions[np.isfinite(positions).all(axis=1)]
    if not len(finite):
        return None
    (x_min, y_min), (x_max, y_max) = finite.min(axis=0), finite.max(axis=0)
    return float(x_min), float(y_min), float(x_max), float(y_max)


def extent_around(boxes: Sequence[Extent | None], present: Extent | None) -> Extent:
    """One square extent around all boxes; the present one is kept while it fits well, so that views do not jump."""
    known = [box for box in boxes if box is not None]
    if not known:
        return present or (-1.0, -1.0, 1.0, 1.0)
    x_min, y_min = min(box[0] for box in known), min(box[1] for box in known)
    x_max, y_max = max(box[2] for box in known), max(box[3] for box in known)
    side = max(x_max - x_min, y_max - y_min, 1e-6)
    if present is not None:
        holds = present[0] <= x_min and present[1] <= y_min and present[2] >= x_max and present[3] >= y_max
        if holds and present[2] - present[0] < 1.6 * side:
            return present
    half = side * (0.5 + _MARGIN)
    x, y = (x_min + x_max) / 2, (y_min + y_max) / 2
    return x - half, y - half, x + half, y + half


def sheet(thumbnails: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Up to PER_SHEET thumbnails (n, h, w, c) side by side, SHEET_COLUMNS a row; (rows * h, SHEET_COLUMNS * w, c)."""
    n, height, width, channels = thumbnails.shape
    n_rows = math.ceil(n / SHEET_COLUMNS)
    grid = np.zeros((n_rows * SHEET_COLUMNS, height, width, channels), np.uint8)
    grid[:n] = thumbnails
    grid = grid.reshape(n_rows, SHEET_COLUMNS, height, width, channels).transpose(0, 2, 1, 3, 4)
    return np.ascontiguousarray(grid).reshape(n_rows * height, SHEET_COLUMNS * width, channels)


def _describe_block(log: RunLog, block: str) -> dict[str, Any]:
    tensor = _PREFIX + block
    for entry in reversed(log.entries.get("activations", {}).values()):
        if tensor in entry.record.tensors:
            shape = entry.record.tensors[tensor].shape
            details = _details(entry.record.attributes, block)
            return {
                "name": block,
                "n_dims": shape[1] if len(shape) == 2 else None,
                "n_features": details.get("n_features"),
                "reduction": details.get("reduction"),
            }
    raise KeyError(block)


def _details(attributes: Mapping[str, Any], block: str) -> dict[str, Any]:
    blocks = attributes.get("blocks")
    details = blocks.get(block) if isinstance(blocks, dict) else None
    return details if isinstance(details, dict) else {}


def _describe_thumbnails(probe: Any) -> dict[str, int] | None:
    spec = probe.get("probe/thumbnails")
    if spec is None or len(spec.shape) != 4 or not math.prod(spec.shape):
        return None
    n, height, width, _ = spec.shape
    n_sheets = math.ceil(n / PER_SHEET)
    return {"height": height, "width": width, "per_sheet": PER_SHEET, "columns": SHEET_COLUMNS, "n_sheets": n_sheets}


def _rows(tensors: Any) -> int:
    return next((spec.shape[0] for spec in tensors.values() if spec.dtype != "json" and spec.shape), 0)

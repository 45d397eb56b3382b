"""The runs: what their routes answer, from indexes and arrays. Pure: no files, no sockets."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_neuromapper.backend.log.blocks import ACTIVATIONS, block_names, n_samples, probe_version
from tb_neuromapper.backend.log.outcomes import about_outcomes, outcome_columns
from tb_neuromapper.backend.log.run_log import RunLog

PER_SHEET = 256
SHEET_COLUMNS = 16
_MAX_SAFE_INTEGER = 2**53 - 1


def describe_briefly(log: RunLog, problems: Sequence[str]) -> dict[str, Any]:
    """A run's line in `GET runs`, before the screens add to it; `problems` are those beside the index's own."""
    return {
        "name": log.name,
        "n_samples": n_samples(log),
        "blocks": block_names(log),
        "steps": log.steps("activations"),
        "problems": [*log.problems, *problems],
    }


def describe(log: RunLog, class_names: Sequence[str] | None, problems: Sequence[str]) -> dict[str, Any]:
    """A run in detail, as `GET run` answers it but for the training steps.

    Args:
        log: The run.
        class_names: The names of its classes, if they are known.
        problems: Those beside the index's own.
    """
    probe = log.probe.record.tensors if log.probe is not None else {}
    label_kind = "class" if "probe/labels" in probe else "target" if "probe/targets" in probe else None
    return {
        **describe_briefly(log, problems),
        "sample_set": log.probe.record.sample_set if log.probe is not None else None,
        "probe_version": probe_version(log),
        "outcome_steps": log.steps("outcomes"),
        "outcome_columns": outcome_columns(log),
        "about_outcomes": about_outcomes(log),
        "blocks": [_describe_block(log, block) for block in block_names(log)],
        "label_kind": label_kind,
        "class_names": class_names,
        "metadata": [name.removeprefix("probe/metadata/") for name in probe if name.startswith("probe/metadata/")],
        "thumbnails": _describe_thumbnails(probe),
    }


def thumbnail_sheet(thumbnails: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Up to PER_SHEET thumbnails (n, h, w, c) side by side, SHEET_COLUMNS a row; (rows * h, SHEET_COLUMNS * w, c)."""
    n, height, width, channels = thumbnails.shape
    n_rows = math.ceil(n / SHEET_COLUMNS)
    grid = np.zeros((n_rows * SHEET_COLUMNS, height, width, channels), np.uint8)
    grid[:n] = thumbnails
    grid = grid.reshape(n_rows, SHEET_COLUMNS, height, width, channels).transpose(0, 2, 1, 3, 4)
    return np.ascontiguousarray(grid).reshape(n_rows * height, SHEET_COLUMNS * width, channels)


def readable(values: Sequence[Any]) -> list[Any]:
    """As JavaScript can read them: null for what is not finite, strings for integers that a double cannot hold."""

    def one(value: Any) -> Any:
        if isinstance(value, float):
            return value if np.isfinite(value) else None
        return str(value) if isinstance(value, int) and abs(value) > _MAX_SAFE_INTEGER else value

    return [one(value) for value in values]


def _describe_block(log: RunLog, block: str) -> dict[str, Any]:
    tensor = ACTIVATIONS + block
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

"""Makes the records of an epoch of what a pass found."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy.typing as npt
import torch

from tb_neuromapper.recording.records import RecordDraft
from tb_neuromapper.training.probe.forward import BlockRows
from tb_neuromapper.training.probe.reducers import principal_components

OUTPUT = "output"
# Relative to the spread of the values; above it, distances between samples would change visibly.
_MAX_ROUNDING = 0.01


def kept_blocks(
    blocks: Mapping[str, BlockRows], network: BlockRows | None, wanted: Sequence[str], *, is_automatic: bool
) -> dict[str, BlockRows]:
    """The blocks to log, from input to output, the network's own output once.

    Args:
        blocks: What the pass found.
        network: The network's own output; it becomes the last block, "output", or, where another block has that name,
            "output (network)". A chosen block that is the network's output takes its place.
        wanted: Names of the modules whose outputs were collected.
        is_automatic: Whether the program chose them; then a block that never runs, or that is the output, goes.

    Raises:
        ValueError: A block that the user chose never runs.
    """
    silent = [name for name in wanted if name not in blocks]
    if silent and not is_automatic:
        raise ValueError(
            f"block {silent[0]!r} is never called in the network's forward pass (a container, or unused); choose the "
            f"modules inside it, or others. Called were: {', '.join(blocks) or 'none'}."
        )
    doubles = [name for name, block in blocks.items() if block.is_output]
    kept = {name: block for name, block in blocks.items() if not (is_automatic and name in doubles)}
    if network is not None and (is_automatic or not doubles):
        kept[OUTPUT if OUTPUT not in kept else f"{OUTPUT} (network)"] = network
    return kept


def activations_draft(
    blocks: Mapping[str, BlockRows], *, max_dims: int, dtype: str, sample_ids: Sequence[Any]
) -> RecordDraft:
    """The record of the blocks' features.

    Raises:
        ValueError: Activations are NaN or infinite; the message names the block and the first sample.
    """
    arrays: dict[str, npt.NDArray[Any]] = {}
    attributes: dict[str, Any] = {}
    for name, block in blocks.items():
        _refuse_non_finite(name, block.rows, sample_ids)
        rows, explained = principal_components(block.rows, max_dims)
        _refuse_non_finite(name, rows, sample_ids)
        arrays[f"activations/{name}"] = to_storage(rows, dtype)
        reduction = block.reduction
        if rows.shape[1] < block.rows.shape[1]:
            reduction = "PCA" if reduction == "none" else f"{reduction}, PCA"
        attributes[name] = {
            "n_features": block.rows.shape[1],
            "reduction": reduction,
            "explained_variance": round(explained, 6),
        }
    return RecordDraft("activations", arrays, {"blocks": attributes})


def to_storage(rows: torch.Tensor, dtype: str) -> npt.NDArray[Any]:
    """Rows on the CPU in the wanted dtype; float32 where float16 would overflow or lose the differences."""
    if dtype == "float16":
        short = rows.to(torch.float16)
        # Strictly less: beyond 1e19 both norms are infinite, below 1e-23 both are zero.
        is_close = (short.to(torch.float32) - rows).norm() < _MAX_ROUNDING * (rows - rows.mean(0)).norm()
        if bool(is_close) or torch.equal(short.to(torch.float32), rows):
            return short.cpu().numpy()
    return rows.cpu().numpy()


def _refuse_non_finite(name: str, rows: torch.Tensor, sample_ids: Sequence[Any]) -> None:
    if math.isfinite(float(rows.sum())):
        return
    bad = ~torch.isfinite(rows).all(1)
    n_bad = int(bad.sum())
    if n_bad:
        row = int(bad.nonzero()[0, 0])
        raise ValueError(
            f"block {name!r} gave NaN or infinite activations for {n_bad} of {len(rows)} samples, the first is row "
            f"{row} (id {sample_ids[row]!r}); nothing was logged for this epoch. Training has probably diverged: "
            "lower the learning rate, or clip the gradients."
        )
